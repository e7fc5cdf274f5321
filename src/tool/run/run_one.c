/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run_one.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_file.h"

/* What is executed in a process of its own. */
static struct {
	struct execution *execution;
	const struct program *program;
	const struct execution_options *options;
} asked;

static void execute(void *ctx)
{
	struct checker *check = checker_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	execution_run(asked.execution, check, asked.program, asked.options);
	checker_delete(check);
}

/* How a child that should have lived ended, if it did not live. */
static bool check_alive(const struct isolated *child)
{
	char end[EXECUTION_EXIT_TEXT];

	if (isolated_succeeded(child))
		return true;
	execution_set_difference(asked.execution, "%s%s: %s", asked.execution->part,
		     execution_line_text(asked.execution, asked.program),
		     execution_exit_text(child, asked.options->seconds, end));
	return false;
}

bool run_trial(struct execution *execution, const struct program *program,
	       const struct execution_options *options, struct isolated *child)
{
	bool alive = true;

	asked.execution = execution;
	asked.program = program;
	asked.options = options;
	if (isolate(execute, NULL, options->seconds, child))
		alive = check_alive(child);
	else
		execution_set_difference(execution, "expected a child process, got none");
	execution_run_fatal_calls(execution, NULL, program, options);
	return alive;
}

static void print_line(const struct execution *execution, const struct execution_options *options)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[EXECUTION_SEEN_TEXT], threads[RULE_SET_TEXT] = "-";
	const struct checker_report *worst = execution_worst_report(execution);

	execution_seen_text(execution, options, seen);
	if (options->threads)
		rule_set_text(execution->threads.seen, " ", threads);
	printf("%s\t%s\t%s\t%u\t%s%s\n", results[worst->result], seen, threads, execution->reported,
	       worst == &execution->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
}

/* A reason stands in one field of one line. */
static void flatten(char *why)
{
	for (char *c = why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
}

void run_one(const char *file, const struct execution_options *options)
{
	static struct program program;
	static struct isolated child;
	static struct execution *execution;
	char error[PROGRAM_FILE_ERROR];

	if (!execution)
		execution = execution_new();
	if (!execution)
		exit(2);
	execution_reset(execution);
	if (program_file_load(file, &program, error))
		run_trial(execution, &program, options, &child);
	else
		execution_set_difference(execution, "cannot be run: %s", file);
	flatten(execution->fibers.why);
	print_line(execution, options);
}
