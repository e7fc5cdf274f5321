/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/trial.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/util/uncounted.h"
#include "harness/detect/detector.h"
#include "harness/detect/tsan.h"

/* The trial of this process; the library can ask for nothing else while it runs. */
static struct {
	struct trial *trial;
	struct check *check;
	const struct program *program;
	const struct trial_options *options;
	trial_hook hook;
	trial_death_fn died;
} now;

bool trial_parse_executor(const char *name, struct trial_options *options)
{
	options->fibers = strcmp(name, "threads") != 0;
	options->threads = strcmp(name, "fibers") != 0;
	return options->fibers != options->threads || !strcmp(name, "both");
}

void trial_hook_set(trial_hook hook)
{
	now.hook = hook;
}

void trial_listen(trial_death_fn fn)
{
	now.died = fn;
}

struct trial *trial_new(void)
{
	return isolate_share(sizeof(struct trial));
}

void trial_begin(struct trial *trial)
{
	memset(trial, 0, sizeof(*trial));
	trial->not_run = RULE_COUNT;
	trial->announced = TRIAL_NO_CALL;
}

/* ---- executing ---- */

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

/* The first report of a race that the model does not have; if there is none, the first report. */
static void tell_race(struct trial *trial)
{
	const struct race_reports *seen = exec_race_reports(check_exec(now.check));
	const struct shadow *shadow = rules_shadow(check_rules(now.check));
	const struct race *race = NULL;
	size_t kept = race_reports_kept(seen), i = 0;

	trial->raced = kept > 0;
	if (!trial->raced)
		return;
	while (i < kept && (race = race_report_race(&seen->kept[i], now.program, shadow, false)))
		i++;
	if (i == kept)
		race = race_report_race(&seen->kept[i = 0], now.program, shadow, false);
	trial->race = seen->kept[i];
	trial->before = race ? race->first : TRIAL_NO_CALL;
}

static void run_fibers(struct trial *trial)
{
	struct check_report first;

	for (unsigned int run = 1; run <= now.options->repeat; run++) {
		tsan_flush();
		check_fibers(now.check, now.program, &trial->fibers);
		tell_race(trial);
		if (trial->fibers.result == CHECK_DIFFER)
			return;
		if (run == 1)
			first = trial->fibers;
		if (!same_again(&first, &trial->fibers, run))
			return;
	}
}

static void run_threads(struct trial *trial)
{
	struct exec_timing timing = now.options->timing;
	rule_set seen = 0;

	for (timing.run = 1; timing.run <= now.options->repeat; timing.run++) {
		exec_set_timing(check_exec(now.check), &timing);
		tsan_flush();
		if (check_threads(now.check, now.program, &trial->threads) == CHECK_DIFFER)
			return;
		seen |= trial->threads.seen;
		trial->reported += trial->threads.races > 0;
	}
	trial->threads.seen = seen;
}

static void expect_death(struct trial *trial, size_t call, enum rule rule, enum visible visible)
{
	if (visible == VISIBLE_NOT)
		trial->not_run = rule;
	else
		trial->death[trial->deaths++] = (struct death){ call, rule, visible };
}

/*
 * A use of uninitialised bytes ends the process where MemorySanitizer watches, the first
 * one; a fatal call wherever it can be seen.
 */
static void expect_deaths(struct trial *trial, const struct verdict *v)
{
	struct visible_where where = {
		.asan = detector_asan(),
		.alias = !strcmp(exec_backend(), "alias"),
	};

	trial->deaths = 0;
	if (v->uninit_count && detector_msan())
		expect_death(trial, v->uninits[0].call, RULE_uninit_use, VISIBLE_MUST);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock)
		expect_death(trial, v->fatal_call, v->fatal_rule,
			     visible_fatal(&now.program->calls[v->fatal_call], v, where));
}

static void announce(void *ctx, size_t call)
{
	(void)ctx;
	atomic_store_explicit(&now.trial->announced, call, memory_order_relaxed);
	if (now.hook)
		now.hook(now.check, now.program, call, false);
}

void trial_execute(struct trial *trial, struct check *check, const struct program *program,
		   const struct trial_options *options)
{
	now.trial = trial;
	now.check = check;
	now.program = program;
	now.options = options;
	exec_announce(check_exec(check), announce, NULL);
	check_judge(check, program);
	if (options->fibers)
		run_fibers(trial);
	if (trial->fibers.result == CHECK_DIFFER)
		return;
	if (options->fibers)
		expect_deaths(trial, rules_verdict(check_rules(check)));
	trial->on_threads = options->threads;
	if (options->threads)
		run_threads(trial);
}

/* ---- dying ---- */

UNCOUNTED_BEGIN

static void announce_range(void *ctx, size_t call)
{
	const struct program *program = now.program;

	(void)ctx;
	atomic_store_explicit(&now.trial->announced, call, memory_order_relaxed);
	exec_range(check_exec(now.check), &program->calls[call], &now.trial->from, &now.trial->to);
	if (now.hook)
		now.hook(now.check, program, call, true);
}

/* One that spins is ended before its time is up. */
static void limit_cpu(unsigned int seconds)
{
	struct rlimit limit = { seconds, seconds + 1 };

	if (seconds)
		setrlimit(RLIMIT_CPU, &limit);
}

static void run_to_death(void *ctx)
{
	const struct death *death = ctx;
	struct check_report report;

	now.trial->dying = getpid();
	limit_cpu(now.options->cpu);
	if (now.options->engine)
		detector_leave_engine();
	detector_tell_faults();
	if (!now.check) {
		now.check = check_new();
		/* Nothing is tried: it is not to look as if the call had not ended it. */
		if (!now.check) {
			fprintf(stderr, "expected memory for the check\n");
			exit(1);
		}
		check_judge(now.check, now.program);
		check_fibers(now.check, now.program, &report);
	}
	exec_announce(check_exec(now.check), announce_range, NULL);
	exec_use_values(check_exec(now.check), death->rule == RULE_uninit_use);
	check_die(now.check, now.program, death->call);
}

void trial_differ(struct trial *trial, const char *what, ...)
{
	va_list args;

	trial->fibers.result = CHECK_DIFFER;
	va_start(args, what);
	vsnprintf(trial->fibers.why, sizeof(trial->fibers.why), what, args);
	va_end(args);
}

/* How a child ended, or that it did not, and its report, if there is one. */
#define END_TEXT 200
static const char *end_text(const struct isolated *child, unsigned int seconds, char end[END_TEXT])
{
	char report[160];

	detector_rule(child->output, report, sizeof(report));
	if (child->hung)
		snprintf(end, END_TEXT, "still running after %u s", seconds);
	else if (child->signal == SIGXCPU)
		snprintf(end, END_TEXT, "used up its CPU time");
	else if (child->signal)
		snprintf(end, END_TEXT, "died of signal %d: %s", child->signal,
			 *report ? report : "no report");
	else
		snprintf(end, END_TEXT, "ended with status %d: %s", child->exit_code,
			 *report ? report : "no report");
	return end;
}

const char *trial_where(const struct trial *trial, const struct program *program)
{
	static char line[48];
	size_t call = trial->announced;

	if (call >= program->count)
		return "before the first line";
	snprintf(line, sizeof(line), "%sline %u", trial->on_threads ? "on threads, about " : "",
		 program->calls[call].line);
	return line;
}

/* Is it a fault of the very access that was to fail? */
static bool is_fault_of_access(const struct trial *trial, const char *output)
{
	uintptr_t fault = detector_fault(output);

	return fault >= trial->from && fault < trial->to;
}

bool trial_lived(const struct isolated *child)
{
	return !child->hung && !child->signal && !child->exit_code;
}

bool trial_check_alive(struct trial *trial, const struct program *program,
		       const struct trial_options *options, const struct isolated *child)
{
	char end[END_TEXT];

	if (trial_lived(child))
		return true;
	trial_differ(trial, "%s: %s", trial_where(trial, program),
		     end_text(child, options->seconds, end));
	return false;
}

static void check_death(struct trial *trial, const struct program *program,
			const struct trial_options *options, const struct death *death,
			const struct isolated *child)
{
	char line[160], end[END_TEXT];
	enum rule rule = detector_rule(child->output, line, sizeof(line));
	bool alive = trial_lived(child);

	if (!alive && now.died)
		now.died(trial, child);
	trial->wrong_death = true;
	trial->lived = alive && death->visible != VISIBLE_MAY;
	trial->hung = child->hung || child->signal == SIGXCPU;
	if (alive && death->visible == VISIBLE_MAY)
		trial->wrong_death = false;
	else if (alive)
		trial_differ(trial, "line %u: expected the process to die of %s, it lived",
			     program->calls[death->call].line, rule_name(death->rule));
	else if (trial->announced != death->call)
		trial_differ(trial, "%s, before the fatal call: %s", trial_where(trial, program),
			     end_text(child, options->seconds, end));
	else if (child->hung || (rule != death->rule && !is_fault_of_access(trial, child->output)))
		trial_differ(trial, "%s: expected a report of %s, got: %s",
			     trial_where(trial, program), rule_name(death->rule),
			     end_text(child, options->seconds, end));
	else {
		trial->fibers.seen |= RULE_BIT(death->rule);
		trial->wrong_death = false;
	}
}

void trial_die(struct trial *trial, struct check *check, const struct program *program,
	       const struct trial_options *options)
{
	static struct isolated child;

	now.trial = trial;
	now.check = check;
	now.program = program;
	now.options = options;
	trial->on_threads = false;
	for (size_t i = 0; i < trial->deaths && trial->fibers.result != CHECK_DIFFER; i++) {
		struct death death = trial->death[i];

		trial->announced = TRIAL_NO_CALL;
		if (isolate(run_to_death, &death, options->seconds, &child))
			check_death(trial, program, options, &death, &child);
		else
			trial_differ(trial, "expected a child process, got none");
		trial->dying = 0;
	}
}

UNCOUNTED_END

/* ---- words ---- */

const struct check_report *trial_worst(const struct trial *trial)
{
	return trial->threads.result == CHECK_DIFFER ? &trial->threads : &trial->fibers;
}
