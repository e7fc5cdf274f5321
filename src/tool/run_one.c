/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run_one.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program_file.h"

static struct program program;
static const struct trial_options *options;
static struct trial *trial;

static void execute(void *ctx)
{
	struct check *check = check_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	trial_execute(trial, check, &program, options);
	check_delete(check);
}

/* How a child that should have lived ended, if it did not live. */
static void check_alive(const struct isolated *child)
{
	char end[TRIAL_END_TEXT];

	if (child->hung || child->signal || child->exit_code)
		trial_differ(trial, "%s%s: %s", trial->part, trial_where(trial, &program),
			     trial_end_text(child, options->seconds, end));
}

static void print_line(void)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[TRIAL_SEEN_TEXT], threads[RULE_SET_TEXT] = "-";
	const struct check_report *worst = trial_worst(trial);

	trial_seen_text(trial, options, seen);
	if (options->threads)
		rule_set_text(trial->threads.seen, " ", threads);
	for (char *c = trial->fibers.why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	printf("%s\t%s\t%s\t%u\t%s%s\n", results[worst->result], seen, threads, trial->reported,
	       worst == &trial->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
}

void run_one(const char *file, const struct trial_options *run_options)
{
	static struct isolated child;
	char error[PROGRAM_FILE_ERROR];

	options = run_options;
	if (!trial)
		trial = trial_new();
	if (!trial)
		exit(2);
	trial_begin(trial);
	if (!program_file_load(file, &program, error))
		trial_differ(trial, "cannot be run: %s", file);
	else if (!isolate(execute, NULL, options->seconds, &child))
		trial_differ(trial, "expected a child process, got none");
	else
		check_alive(&child);
	trial_die(trial, NULL, &program, options);
	print_line();
}
