/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Flavour runners: one worker for each flavour, which executes one program after the other, each in a child
 * process. A program that crashes or hangs ends only its child process. A worker that ends is started again.
 */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "tool/run/worker_process.h"
#include "tool/util/flavours.h"

struct flavour_runner {
	struct run_worker worker;
	char binary_path[PATH_MAX];
};

struct flavour_runners {
	struct flavour_runner list[FLAVOURS_MAX]; /* indexed like flavour_names */
	bool is_available[FLAVOURS_MAX];          /* the user selected the flavour, and its binary exists */
	unsigned int timeout_seconds;             /* time limit for the execution of one program */
	bool must_use_threads;                    /* execute programs on threads too, not only on fibers */
};

/*
 * Finds the binaries of the @wanted flavours (NULL: all), but starts no worker; runner_execute() starts
 * workers. Return: false if no binary was found.
 */
bool runners_find_binaries(struct flavour_runners *runners, const bool *wanted);

/*
 * Executes @program in a flavour. If the worker returns no valid record, executes @program again in a new
 * worker. If the new worker returns no record either, the result in @record is CHECKER_DIFFERS.
 */
void runner_execute(struct flavour_runners *runners, unsigned int flavour, const struct program *program,
		    struct execution_record *record);

/*
 * Explores the interleavings of @program with a strategy in the flavour tsan, in a child process of the
 * worker (interleaving_search.h). @strategy_name: NULL: runs the program's schedule.
 * Return: the result, until the next execution; NULL if the flavour is not available, or the worker returns
 * no valid result.
 */
const struct interleaving_search_result *runner_explore(struct flavour_runners *runners,
							const struct program *program,
							const char *strategy_name, uint32_t limit);

/* Executes a program in a new worker, and prints what the sanitizer or the library reports. */
void runner_execute_and_print_reports(const struct flavour_runners *runners, unsigned int flavour,
				      const struct program *program, FILE *out);

/* Describes how @record differs from the model. The text begins with "line N: " if the line is known. */
#define DISAGREEMENT_TEXT 640
void runner_describe_disagreement(const struct flavour_runners *runners, unsigned int flavour,
				  const struct program *program, const struct execution_record *record,
				  char text[DISAGREEMENT_TEXT]);

void runners_destroy(struct flavour_runners *runners);
