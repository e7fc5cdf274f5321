/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Workers of each flavour that run one program after the other, each in child processes, so a
 * program may crash or hang; a worker that ends all the same is started again.
 */
#ifndef TOOL_RUNNER_H
#define TOOL_RUNNER_H

#include <limits.h>
#include <stdio.h>

#include "tool/run/worker_process.h"
#include "tool/util/flavours.h"

struct flavour_runner {
	struct run_worker worker;
	char binary_path[PATH_MAX];
	bool is_available; /* this build has it */
};

struct flavour_runners {
	struct flavour_runner list[FLAVOURS_MAX]; /* as flavour_names */
	unsigned int timeout_seconds;		/* for one program */
	bool must_use_threads;			/* real ones, too */
};

/*
 * Finds those that this build has and that @wanted has (NULL: all); none is started before
 * it is used. Return: is there any?
 */
bool runners_find_binaries(struct flavour_runners *runners, const bool *wanted);

/* The names of those that were found, with commas. */
void runners_format_names(const struct flavour_runners *runners, char text[FLAVOURS_TEXT]);

/* A flavour that returns no result, even started anew, disagrees, and the record says so. */
void runner_execute(struct flavour_runners *runners, unsigned int flavour, const struct program *program,
		    struct execution_record *record);

/* Prints what the sanitizer, or the library, reports of a program. */
void runner_print_reports(const struct flavour_runners *runners, unsigned int flavour,
			  const struct program *program, FILE *out);

/* What a record that differs has seen, in one sentence with lines of @program. */
#define DISAGREEMENT_TEXT 640
void runner_describe_disagreement(const struct flavour_runners *runners, unsigned int flavour,
			 const struct program *program, const struct execution_record *record,
			 char text[DISAGREEMENT_TEXT]);

void runners_destroy(struct flavour_runners *runners);

#endif
