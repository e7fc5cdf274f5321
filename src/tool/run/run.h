/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture run`: programs under every flavour, and what all of them saw side by side.
 *
 *   run.c        the plain binary: starts the flavours, puts their lines together
 *   run_cell.c   one flavour's line for one file
 *   run_print.c  rows, JSON, and what differs
 *   run_one.c    a flavour's binary: executes all files and prints a line for each
 *   rates.c      how often real threads showed a race
 */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

#include <stdbool.h>

#include "harness/execution.h"
#include "tool/util/file_list.h"
#include "tool/util/flavours.h"
#include "tool/run/rates.h"

struct run {
	/* What the user asked for. */
	bool json, strict;
	struct execution_options options;
	bool wanted[FLAVOURS_MAX];
	/* On its way. */
	struct rates rates; /* of ThreadSanitizer */
	struct flavour flavours[FLAVOURS_MAX];
	unsigned int file_width, verdict_width; /* of columns */
	struct file_tally tally;
	int status;
};

/* Return: an exit status. */
int run_files(struct run *run, int count, char **arguments);

#endif
