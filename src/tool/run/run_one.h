/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture run` in two halves. One flavour's binary executes all files in that
 * flavour and prints a line for each (run_one.c); the plain binary starts every
 * flavour and puts the lines together (run.c).
 */
#ifndef TOOL_RUN_ONE_H
#define TOOL_RUN_ONE_H

#include "harness/program/program.h"
#include "harness/execution.h"

/* Fields of a line, separated by tabs. */
enum run_field {
	RUN_RESULT,   /* "agree", "beyond" or "differ" */
	RUN_SEEN,     /* rules that were seen broken on fibers, or "clean"; "-": not executed */
	RUN_THREADS,  /* the same on real threads, in any of the repeats */
	RUN_REPORTED, /* repeats on threads in which a race was reported */
	RUN_WHY,      /* one sentence if it differs */
	RUN_FIELDS
};

/*
 * Holds the trial of @program in processes of their own.
 * Return: false if it ended itself, which @child tells.
 */
bool run_trial(struct execution *execution, const struct program *program,
	       const struct execution_options *options, struct isolated *child);

/* Executes @file in this binary's flavour and prints its line. */
void run_one(const char *file, const struct execution_options *options);

#endif
