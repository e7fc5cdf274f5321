/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Explores the interleavings of a program in the page library (interleaving_search.h), and prints the result.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/program/program.h"

struct interleavings_settings {
	unsigned int
		limit; /* executions of each strategy; 0: INTERLEAVINGS_LIMIT or INTERLEAVINGS_SLOW_LIMIT */
	unsigned int seed;
	unsigned int timeout_seconds; /* of each program */
	const char *strategy_name;    /* NULL: dpor, then others if dpor is not complete */
	const char *directory; /* directory for programs with the schedule of a failure; NULL: not written */
	const char *schedule;  /* the interleaving to run, as text (deviations.h); NULL: search */
	bool must_print_json;
	bool must_fork;           /* run each execution in a child process */
	struct start_state start; /* of the library */
};

#define INTERLEAVINGS_LIMIT      100000
#define INTERLEAVINGS_SLOW_LIMIT 250 /* if executions run in child processes, or few pages are left */

/*
 * If this binary is of another flavour than tsan, replaces the process by the binary of the flavour tsan with
 * the same arguments, of which argv[0] is the command. Return: 0; EXIT_BAD, after a line on standard error,
 * if there is no such binary.
 */
int interleavings_continue_in_tsan_binary(int argc, char **argv);

/* Return: EXIT_GOOD if no execution failed, EXIT_FAILED if one did, EXIT_BAD if the program was not explored.
 */
int interleavings_explore_and_print(const char *file, const struct program *program,
				    const struct interleavings_settings *settings);
