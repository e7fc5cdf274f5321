/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run_one.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_file.h"

/* What is executed in a process of its own. */
static struct {
	struct trial *trial;
	const struct program *program;
	const struct trial_options *options;
} asked;

static void execute(void *ctx)
{
	struct check *check = check_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	trial_execute(asked.trial, check, asked.program, asked.options);
	check_delete(check);
}

/* How a child that should have lived ended, if it did not live. */
static bool check_alive(const struct isolated *child)
{
	char end[TRIAL_END_TEXT];

	if (trial_lived(child))
		return true;
	trial_differ(asked.trial, "%s%s: %s", asked.trial->part,
		     trial_where(asked.trial, asked.program),
		     trial_end_text(child, asked.options->seconds, end));
	return false;
}

bool run_trial(struct trial *trial, const struct program *program,
	       const struct trial_options *options, struct isolated *child)
{
	bool alive = true;

	asked.trial = trial;
	asked.program = program;
	asked.options = options;
	if (isolate(execute, NULL, options->seconds, child))
		alive = check_alive(child);
	else
		trial_differ(trial, "expected a child process, got none");
	trial_die(trial, NULL, program, options);
	return alive;
}

static void print_line(const struct trial *trial, const struct trial_options *options)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[TRIAL_SEEN_TEXT], threads[RULE_SET_TEXT] = "-";
	const struct check_report *worst = trial_worst(trial);

	trial_seen_text(trial, options, seen);
	if (options->threads)
		rule_set_text(trial->threads.seen, " ", threads);
	printf("%s\t%s\t%s\t%u\t%s%s\n", results[worst->result], seen, threads, trial->reported,
	       worst == &trial->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
}

/* A reason stands in one field of one line. */
static void flatten(char *why)
{
	for (char *c = why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
}

void run_one(const char *file, const struct trial_options *options)
{
	static struct program program;
	static struct isolated child;
	static struct trial *trial;
	char error[PROGRAM_FILE_ERROR];

	if (!trial)
		trial = trial_new();
	if (!trial)
		exit(2);
	trial_begin(trial);
	if (program_file_load(file, &program, error))
		run_trial(trial, &program, options, &child);
	else
		trial_differ(trial, "cannot be run: %s", file);
	flatten(trial->fibers.why);
	print_line(trial, options);
}
