/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture run` and `pagetorture replay`: inputs in every flavour, each compared with the
 * rule model. `run` prints a row for each input, `replay` prints totals.
 *
 *   run_command.c     the options of both commands
 *   run.c             runs one flavour after the other, and prints and writes the results
 *   engine.c          one flavour: batches, workers, failures that run again alone
 *   worker_process.c  one worker: the driver's side
 *   worker.c          the worker, in the flavour's binary: evaluates, executes, compares
 *   record.c          the results of all inputs
 *   rows.c, totals.c, failure.c  print results for people
 *   json_lines.c      writes results for programs
 *   runner.c          workers that run single programs, for `minimize`, `triage`, `explain`
 */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

#include "tool/run/engine.h"
#include "tool/util/flavours.h"
#include "tool/util/results.h"

/* A command, its inputs, and their results. */
struct run {
	const char *command_name; /* "run" or "replay" */
	struct run_options options;
	bool wanted_flavours[FLAVOURS_MAX];
	bool must_print_rows; /* a row for each input; else totals */
	bool must_print_json; /* in place of rows or totals */
	bool is_strict;	  /* a call that can never run is a failure */
	bool must_keep_order; /* inputs run in the order of the arguments */
	struct results results;
	struct file_list inputs;
	struct flavour_run flavours[FLAVOURS_MAX]; /* that this build has */
	unsigned int flavour_count;
};

/*
 * Parses the options, and runs the inputs.
 * @run: has the defaults; the options change it
 * Return: an exit status.
 */
int run_command(struct run *run, const char *help, int argc, char **argv);

/* @arguments: files and directories, which NULL ends. Return: an exit status. */
int run_inputs(struct run *run, char **arguments);

/* Return: the name of the input for people. */
const char *run_input_name(const struct run *run, size_t input);

/* ---- failure.c ---- */

/* Prints the command that shows the failure again. */
void print_replay_command(FILE *out, const struct run *run, const struct flavour_run *flavour,
			  size_t input);

/* Prints the failures of all flavours on standard error, each with that command. */
void print_failures(const struct run *run);

/* ---- rows.c, totals.c, json_lines.c ---- */

/* Prints the result of each input in each flavour. Return: an exit status. */
int print_input_rows(const struct run *run);

/* Prints the totals of all flavours. */
void print_totals(const struct run *run);

/* Writes run->results: one line for each record, then the summary. Return: success. */
bool write_json_lines(struct run *run, bool is_good);

/*
 * Formats the broken rules that were reported on one executor: names of rules, "clean", or "-" if it did
 * not run; on fibers also "not run" if the fatal call was not executed.
 */
#define SAW_TEXT (RULE_SET_TEXT + 16)
void format_rules_seen_on_fibers(const struct run *run, const struct run_record *record,
				 char text[SAW_TEXT]);
void format_rules_seen_on_threads(const struct run *run, const struct run_record *record,
				  char text[SAW_TEXT]);

#endif
