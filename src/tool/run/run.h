/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture run` and `pagetorture replay`: inputs in every flavour, each compared with the
 * rule model. `run` prints a row an input, `replay` what all of them add up to.
 *
 *   run.c             one flavour after the other; what is printed and written
 *   engine.c          one flavour: batches, workers, failures that run again alone
 *   worker_process.c  one worker, as the driver sees it
 *   worker.c          the worker, in the flavour's binary: evaluates, executes, compares
 *   record.c          the results of all inputs
 *   failure.c, rows.c, totals.c  what people read
 *   json_lines.c      what programs read
 *   runner.c          workers that run single programs, for `minimize`, `triage`, `explain`
 */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

#include "tool/run/engine.h"
#include "tool/util/flavours.h"
#include "tool/util/results.h"

struct run_order {
	const char *command; /* "run" or "replay" */
	struct run_options options;
	bool wanted[FLAVOURS_MAX];
	bool rows;	    /* a row an input; else totals */
	bool json;	    /* in place of rows or totals */
	bool strict;	    /* a call that can never run is a failure */
	bool unsorted;	    /* inputs run in the order of the arguments */
	struct results results;
	bool listed; /* all arguments could be listed */
	/* The flavours that run. */
	const char *flavours[FLAVOURS_MAX];
	unsigned int count;
};

/* @arguments: files and directories, which NULL ends. Return: an exit status. */
int run(struct run_order *order, char **arguments);

/* ---- failure.c ---- */

/* Prints the command that shows the failure again. */
void print_command(FILE *out, const struct run_order *order, const struct input_list *list,
		   const struct flavour_run *run, uint32_t input);

/* Prints an input that failed on standard error, with that command. */
void print_failure(const struct run_order *order, const struct input_list *list,
		   const struct flavour_run *run, uint32_t input);

/* ---- rows.c, totals.c, json_lines.c ---- */

/* Prints what each input is in each flavour. Return: an exit status. */
int print_rows(const struct run_order *order, const struct input_list *list,
	       const struct flavour_run *runs);

/* Prints the totals of all flavours. */
void print_totals(const struct run_order *order, const struct input_list *list,
		  const struct flavour_run *runs);

/* Writes order->results: a line a record, then the summary. Return: is it written? */
bool write_json_lines(struct run_order *order, const struct input_list *list,
		      const struct flavour_run *runs, bool good);

/* What was seen on fibers, or "-": rules, "clean", and that a call was not run. */
#define SEEN_TEXT (RULE_SET_TEXT + 16)
void seen_on_fibers(const struct run_order *order, const struct run_record *record,
		    char text[SEEN_TEXT]);

/* The same on threads. */
void seen_on_threads(const struct run_order *order, const struct run_record *record,
		     char text[SEEN_TEXT]);

#endif
