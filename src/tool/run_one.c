/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run_one.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/detector.h"
#include "harness/isolate.h"
#include "harness/program_file.h"
#include "harness/tsan.h"

/* What the child tells: it may die at any time, so it tells as it goes. */
struct told {
	struct check_report fibers, threads;
	bool fatal;	  /* the model expects the fatal call to be seen */
	enum rule rule;	  /* ... to break this one */
	size_t call;	  /* ... and this is it */
	size_t announced; /* the call that began last */
};

static struct program program;
static const struct run_options *options;
static struct told *told;

/* Repeats must not only agree with the model but with each other. */
static bool same_again(const struct check_report *first, struct check_report *again,
		       unsigned int run)
{
	if (first->seen == again->seen && first->races == again->races)
		return true;
	again->result = CHECK_DIFFER;
	snprintf(again->why, sizeof(again->why),
		 "run %u saw %zu races where the first run saw %zu", run, again->races,
		 first->races);
	return false;
}

static void run_fibers(struct check *check)
{
	struct check_report first;

	for (unsigned int run = 1; run <= options->repeat; run++) {
		tsan_flush();
		if (check_fibers(check, &program, &told->fibers) == CHECK_DIFFER)
			return;
		if (run == 1)
			first = told->fibers;
		if (!same_again(&first, &told->fibers, run))
			return;
	}
}

static void run_threads(struct check *check)
{
	rule_set seen = 0;

	for (unsigned int run = 1; run <= options->repeat; run++) {
		tsan_flush();
		if (check_threads(check, &program, &told->threads) == CHECK_DIFFER)
			return;
		seen |= told->threads.seen;
	}
	told->threads.seen = seen;
}

static void run_both(void *ctx)
{
	struct check *check = check_new();
	const struct verdict *v;

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	run_fibers(check);
	if (told->fibers.result == CHECK_DIFFER)
		return;
	v = rules_verdict(check_rules(check));
	told->fatal = v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock;
	told->rule = v->fatal_rule;
	told->call = v->fatal_call;
	run_threads(check);
	check_delete(check);
}

static void announce(void *ctx, size_t call)
{
	(void)ctx;
	told->announced = call;
}

static void run_to_death(void *ctx)
{
	struct check *check = check_new();
	struct check_report report;

	(void)ctx;
	if (!check)
		return;
	check_fibers(check, &program, &report);
	exec_announce(check_exec(check), announce, NULL);
	check_die(check, &program);
}

static void differ(struct check_report *report, const char *what, const char *detail)
{
	report->result = CHECK_DIFFER;
	snprintf(report->why, sizeof(report->why), "%s%.200s", what, detail);
}

/* How a child that should have lived ended, if it did not live. */
static void check_alive(const struct isolated *child)
{
	char line[160], detail[224];

	if (child->hung) {
		snprintf(detail, sizeof(detail), "%u s", options->seconds);
		differ(&told->fibers, "still running after ", detail);
	} else if (child->signal || child->exit_code) {
		detector_rule(child->output, line, sizeof(line));
		snprintf(detail, sizeof(detail), "signal %d, exit status %d: %s", child->signal,
			 child->exit_code, line);
		differ(&told->fibers, "the process died: ", detail);
	}
}

static void check_death(const struct isolated *child)
{
	char line[160];
	enum rule rule = detector_rule(child->output, line, sizeof(line));

	if (!child->hung && !child->signal && !child->exit_code)
		differ(&told->fibers, "expected the process to die of ", rule_name(told->rule));
	else if (rule != told->rule)
		differ(&told->fibers, "expected another report at the fatal call, got: ", line);
	else if (told->announced != told->call)
		differ(&told->fibers, "died before the fatal call: ", line);
	else
		told->fibers.seen |= RULE_BIT(rule);
}

static void print_line(void)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[RULE_SET_TEXT], threads[RULE_SET_TEXT];
	const struct check_report *worst = &told->fibers;

	if (told->threads.result == CHECK_DIFFER)
		worst = &told->threads;
	rule_set_text(told->fibers.seen, " ", seen);
	rule_set_text(told->threads.seen, " ", threads);
	for (char *c = told->fibers.why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	printf("%s\t%s\t%s\t%s%s\n", results[worst->result], seen, threads,
	       worst == &told->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
}

static bool all_supported(void)
{
	for (size_t i = 0; i < program.count; i++)
		if (!check_supports(program.calls[i].op))
			return false;
	return true;
}

void run_one(const char *file, const struct run_options *run_options)
{
	static struct isolated child;
	char error[PROGRAM_FILE_ERROR];

	options = run_options;
	if (!told)
		told = isolate_share(sizeof(*told));
	if (!told)
		exit(2);
	memset(told, 0, sizeof(*told));
	if (!program_file_load(file, &program, error) || !all_supported())
		differ(&told->fibers, "cannot be run: ", file);
	else if (!isolate(run_both, NULL, options->seconds, &child))
		differ(&told->fibers, "expected a child process, got none", "");
	else
		check_alive(&child);
	if (told->fibers.result != CHECK_DIFFER && told->fatal) {
		if (!isolate(run_to_death, NULL, options->seconds, &child))
			differ(&told->fibers, "expected a child process, got none", "");
		else
			check_death(&child);
	}
	print_line();
}
