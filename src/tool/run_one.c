/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run_one.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/detector.h"
#include "harness/isolate.h"
#include "harness/program_file.h"
#include "harness/tsan.h"
#include "harness/visible.h"

/* What the child tells: it may die at any time, so it tells as it goes. */
struct told {
	struct check_report fibers, threads;
	unsigned int reported; /* runs on threads that reported a race */
	const char *part; /* of the run, for a process that dies in it */
	size_t deaths; /* calls that are to end a process, each by its rule */
	struct death {
		size_t call;
		enum rule rule;
		enum visible visible;
	} death[2];
	enum rule not_run; /* of a fatal call that nobody could see, or RULE_COUNT */
	atomic_size_t announced; /* the call that began last, or NO_CALL */
	uintptr_t from, to; /* what it begins to touch, through a mapping */
};

#define NO_CALL SIZE_MAX

/* Names of rules, and that a call was not run. */
#define SEEN_TEXT (RULE_SET_TEXT + 16)

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
	struct exec_timing timing = options->timing;
	rule_set seen = 0;

	for (timing.run = 1; timing.run <= options->repeat; timing.run++) {
		exec_set_timing(check_exec(check), &timing);
		tsan_flush();
		if (check_threads(check, &program, &told->threads) == CHECK_DIFFER)
			return;
		seen |= told->threads.seen;
		told->reported += told->threads.races > 0;
	}
	told->threads.seen = seen;
}

static void expect_death(size_t call, enum rule rule, enum visible visible)
{
	if (visible == VISIBLE_NOT)
		told->not_run = rule;
	else
		told->death[told->deaths++] = (struct death){ call, rule, visible };
}

/*
 * A use of uninitialised bytes ends the process where MemorySanitizer watches, the first
 * one; a fatal call wherever it can be seen.
 */
static void expect_deaths(const struct verdict *v)
{
	struct visible_where where = {
		.asan = !strcmp(FLAVOUR, "asan"),
		.alias = !strcmp(exec_backend(), "alias"),
	};

	told->deaths = 0;
	if (v->uninit_count && !strcmp(FLAVOUR, "msan"))
		expect_death(v->uninits[0].call, RULE_uninit_use, VISIBLE_MUST);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock)
		expect_death(v->fatal_call, v->fatal_rule,
			     visible_fatal(&program.calls[v->fatal_call], v, where));
}

static void announce(void *ctx, size_t call)
{
	(void)ctx;
	atomic_store_explicit(&told->announced, call, memory_order_relaxed);
}

static void run_asked(void *ctx)
{
	struct check *check = check_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	exec_announce(check_exec(check), announce, NULL);
	check_judge(check, &program);
	if (options->fibers)
		run_fibers(check);
	if (told->fibers.result == CHECK_DIFFER)
		return;
	if (options->fibers)
		expect_deaths(rules_verdict(check_rules(check)));
	told->part = "on threads, about ";
	if (options->threads)
		run_threads(check);
	check_delete(check);
}

static struct check *dying;

static void announce_range(void *ctx, size_t call)
{
	announce(ctx, call);
	exec_range(check_exec(dying), &program.calls[call], &told->from, &told->to);
}

static void run_to_death(void *ctx)
{
	const struct death *death = ctx;
	struct check_report report;

	dying = check_new();
	if (!dying)
		return;
	detector_tell_faults();
	check_judge(dying, &program);
	check_fibers(dying, &program, &report);
	exec_announce(check_exec(dying), announce_range, NULL);
	exec_use_values(check_exec(dying), death->rule == RULE_uninit_use);
	check_die(dying, &program, death->call);
}

static void differ(struct check_report *report, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

static void differ(struct check_report *report, const char *what, ...)
{
	va_list args;

	report->result = CHECK_DIFFER;
	va_start(args, what);
	vsnprintf(report->why, sizeof(report->why), what, args);
	va_end(args);
}

#define END_TEXT 200

/* How a child ended, or that it did not; and its report, if there is one. */
static const char *end_text(const struct isolated *child, char end[END_TEXT])
{
	char report[160];

	detector_rule(child->output, report, sizeof(report));
	if (child->hung)
		snprintf(end, END_TEXT, "still running after %u s", options->seconds);
	else if (child->signal)
		snprintf(end, END_TEXT, "died of signal %d: %s", child->signal,
			 *report ? report : "no report");
	else
		snprintf(end, END_TEXT, "ended with status %d: %s", child->exit_code,
			 *report ? report : "no report");
	return end;
}

/* The line that was begun last. */
static const char *where(void)
{
	static char line[32];
	size_t call = told->announced;

	if (call == NO_CALL)
		return "before the first line";
	snprintf(line, sizeof(line), "line %u", program.calls[call].line);
	return line;
}

/* How a child that should have lived ended, if it did not live. */
static void check_alive(const struct isolated *child)
{
	char end[END_TEXT];

	if (child->hung || child->signal || child->exit_code)
		differ(&told->fibers, "%s%s: %s", told->part, where(), end_text(child, end));
}

/* Is it a fault of the very access that was to fail? */
static bool is_fault_of_access(const char *output)
{
	uintptr_t fault = detector_fault(output);

	return fault >= told->from && fault < told->to;
}

static void check_death(const struct death *death, const struct isolated *child)
{
	char line[160], end[END_TEXT];
	enum rule rule = detector_rule(child->output, line, sizeof(line));
	bool alive = !child->hung && !child->signal && !child->exit_code;

	if (alive && death->visible == VISIBLE_MAY)
		return;
	if (alive)
		differ(&told->fibers, "line %u: expected the process to die of %s, it lived",
		       program.calls[death->call].line, rule_name(death->rule));
	else if (told->announced != death->call)
		differ(&told->fibers, "%s, before the fatal call: %s", where(),
		       end_text(child, end));
	else if (child->hung || (rule != death->rule && !is_fault_of_access(child->output)))
		differ(&told->fibers, "%s: expected a report of %s, got: %s", where(),
		       rule_name(death->rule), end_text(child, end));
	else
		told->fibers.seen |= RULE_BIT(death->rule);
}

static void run_deaths(struct isolated *child)
{
	for (size_t i = 0; i < told->deaths && told->fibers.result != CHECK_DIFFER; i++) {
		struct death death = told->death[i];

		told->announced = NO_CALL;
		if (isolate(run_to_death, &death, options->seconds, child))
			check_death(&death, child);
		else
			differ(&told->fibers, "expected a child process, got none");
	}
}

static void seen_text(bool executed, rule_set seen, char text[RULE_SET_TEXT])
{
	if (executed)
		rule_set_text(seen, " ", text);
	else
		snprintf(text, RULE_SET_TEXT, "-");
}

/* What was not executed was not seen either, and is not clean for that. */
static void fibers_text(char text[SEEN_TEXT])
{
	rule_set seen = told->fibers.seen;

	seen_text(options->fibers, seen, text);
	if (told->not_run == RULE_COUNT)
		return;
	if (!seen)
		text[0] = '\0';
	snprintf(text + strlen(text), SEEN_TEXT - RULE_SET_TEXT, "%snot run", seen ? ", " : "");
}

static void print_line(void)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[SEEN_TEXT], threads[RULE_SET_TEXT];
	const struct check_report *worst = &told->fibers;

	if (told->threads.result == CHECK_DIFFER)
		worst = &told->threads;
	fibers_text(seen);
	seen_text(options->threads, told->threads.seen, threads);
	for (char *c = told->fibers.why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	printf("%s\t%s\t%s\t%u\t%s%s\n", results[worst->result], seen, threads, told->reported,
	       worst == &told->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
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
	told->part = "";
	told->not_run = RULE_COUNT;
	told->announced = NO_CALL;
	if (!program_file_load(file, &program, error))
		differ(&told->fibers, "cannot be run: %s", file);
	else if (!isolate(run_asked, NULL, options->seconds, &child))
		differ(&told->fibers, "expected a child process, got none");
	else
		check_alive(&child);
	run_deaths(&child);
	print_line();
}
