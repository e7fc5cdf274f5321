/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture run` and `pagetorture replay` execute inputs in every flavour, and compare each execution with
 * the rule model. `run` prints a row for each input; `replay` prints totals.
 *
 *   `run.c`            reads the options, runs one flavour after the other, and prints the results.
 *   `engine.c`         runs one flavour: batches, workers, and failed inputs that run again alone.
 *   `worker_process.c` starts and watches one worker; it runs in the driver, the process of the command.
 *   `worker.c`         is the worker, in the flavour's binary: it evaluates, executes and compares.
 *   `record.c`         keeps the results of all inputs.
 *   `rows.c`, `totals.c` and `failure.c` print results for people; `json_lines.c` writes JSON.
 *   `runner.c`        runs single programs in workers, for `minimize`, `triage` and `explain`.
 */
#pragma once

#include <stdio.h>
#include <time.h>

#include "tool/run/engine.h"
#include "tool/util/flavours.h"
#include "tool/util/json.h"

/* One execution of the command `run` or `replay`: its options, inputs and results. */
struct run {
	const char *command_name; /* "run" or "replay" */
	struct run_options options;
	bool wanted_flavours[FLAVOURS_MAX]; /* select_built_flavours() clears flavours that are not built */
	bool must_print_rows;               /* print a row for each input; false: print totals */
	bool must_print_json;               /* print JSON in place of rows or totals */
	bool is_strict;                     /* a call that can never run is a failure */
	bool must_keep_order;               /* inputs run in the order of the arguments */
	const char *results_path; /* path of the JSON lines; NULL: none are written; "-": standard output */
	const char *command_line; /* quoted for a shell */
	time_t begin_time;
	int64_t begin_clock_ms; /* of clock_read_ms() */
	struct file_list inputs;
	struct flavour_run flavours[FLAVOURS_MAX]; /* the runs of the flavours that are wanted and built */
	unsigned int flavour_count;
};

/*
 * Parses the options into @run, which has the defaults, and runs the inputs. Return: an exit status.
 */
int run_command(struct run *run, const char *help, int argc, char **argv);

/* Return: the name of an input in messages. @input: the index of the input. */
const char *run_input_name(const struct run *run, size_t input);

/* The options in the help of `run` and `replay`. The parameters are the texts that differ between the two. */
#define RUN_OPTIONS_HELP(cpu, executor, json, strict, timeout)                                              \
	"  --backend B      map pages with backend B: direct (default) or alias\n"                          \
	"  --bytes          read every FILE as a byte string, whatever its name is\n"                       \
	"  --cpu S          limit the CPU time of an input to S seconds (" cpu ")\n"                        \
	"  --delays SEED    delay calls on threads; SEED, run, thread and step choose how long; a delay\n"  \
	"                   orders no two threads\n"                                                        \
	"  --executor E     execute on fibers, threads or both (default " executor ")\n"                    \
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"                             \
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n"                    \
	"  --json           " json "\n"                                                                     \
	"  --memory MB      limit the additional memory of an input to MB megabytes (default 1024)\n"       \
	"  --no-sort        run inputs in the order of the arguments, not sorted by name\n"                 \
	"  --orders         run all inputs in one process, in order and then in reverse order; outcomes,\n" \
	"                   memory, descriptors and mappings must be the same after both\n"                 \
	"  --pin            bind each thread to a CPU, round robin, for executions on threads\n"            \
	"  --repeat N       execute each program N times; each execution must agree (default 1)\n"          \
	"  --results FILE   write the results to FILE as JSON lines, for `pagetorture-export` and `make\n"  \
	"                   report` (-: standard output)\n"                                                 \
	"  --shuffle SEED   run inputs in a random order from SEED; with --orders, only the second "        \
	"order\n" strict                                                                                    \
	"  --timeout S      stop a program in one flavour after S seconds (default " timeout ")\n"

/* ---- failure.c ---- */

/* Prints a shell command that runs a failed input again in the flavour. */
void print_replay_command(FILE *out, const struct run *run, const struct flavour_run *flavour, size_t input);

/* Prints the failures of all flavours on standard error, each with its replay command. */
void print_failures(const struct run *run);

/* ---- rows.c, totals.c, json_lines.c ---- */

/* Prints a row or a JSON object for each input. Return: an exit status. */
int print_input_rows_or_json(const struct run *run);

void print_totals(const struct run *run);

/* Writes run->results_path: one line for each record, then the summary. Return: false after a message. */
bool write_json_lines(const struct run *run, bool run_succeeded);

/*
 * Formats the broken rules that were reported on fibers or on threads: names of rules, "clean", or "-"
 * without an execution. On fibers, the text ends with "not run" if the fatal call was not executed.
 */
#define RULES_SEEN_TEXT (RULE_SET_TEXT + 16)
void format_rules_seen(const struct run *run, const struct run_record *record, bool on_threads,
		       char text[RULES_SEEN_TEXT]);

/* Writes the texts of format_rules_seen() for fibers and threads, and the number of runs with a race. */
void write_rules_and_races_seen(struct json *out, const struct run *run, const struct run_record *record);
