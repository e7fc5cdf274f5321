/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Flavours of this program that are asked about one program after the other. Each is a
 * process that executes what it is sent in children of its own, so a program may crash or
 * hang; one that is gone all the same is started again.
 */
#ifndef TOOL_FLAVOUR_RUNNER_H
#define TOOL_FLAVOUR_RUNNER_H

#include <limits.h>

#include "harness/program/program.h"
#include "harness/execution.h"
#include "tool/util/flavours.h"
#include "tool/flavour_runner/execution_record.h"

struct flavour_runner {
	struct flavour flavour;
	char path[PATH_MAX];
	bool there;  /* this build has it */
	unsigned long asked;
};

struct flavour_runners {
	struct flavour_runner of[FLAVOURS_MAX]; /* as flavour_names */
	unsigned int seconds;		 /* for one program */
	bool threads;			 /* real ones, too */
};

/*
 * Finds those that this build has and that @wanted has (NULL: all); none is started before
 * it is asked. Return: is there any?
 */
bool flavour_runners_find(struct flavour_runners *runners, const bool *wanted);

/* The names of those that were found, with commas. */
void flavour_runners_text(const struct flavour_runners *runners, char text[FLAVOURS_TEXT]);

/* One that does not answer, even started anew, disagrees, and says so. */
void flavour_runner_execute(struct flavour_runners *runners, unsigned int flavour,
			    const struct program *program,
		 struct execution_record *record);

/*
 * What a record that differs has seen, in one sentence with lines of @program, of whose text
 * the runner knows only the calls.
 */
#define DISAGREEMENT_TEXT 640
void flavour_runner_disagreement(const struct flavour_runners *runners, unsigned int flavour,
			  const struct program *program, const struct execution_record *record,
			  char text[DISAGREEMENT_TEXT]);

void flavour_runners_destroy(struct flavour_runners *runners);

/* A flavour prints what the sanitizer, or the library, says of a program. */
void flavour_runner_print_reports(const char *file, const struct execution_options *options);

/* The flavour's half: answers on standard output until standard input ends. */
void flavour_runner_serve(const struct execution_options *options);

#endif
