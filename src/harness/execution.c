/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/execution.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"
#include "harness/detect/detector.h"
#include "harness/detect/tsan.h"

/* The current execution. There is one at a time, because the library's hooks are global. */
static struct {
	struct execution *execution;
	struct checker *check;
	const struct program *program;
	const struct execution_options *options;
	execution_call_hook hook;
	execution_exit_fn died;
} current;

bool execution_parse_executor(const char *name, struct execution_options *options)
{
	options->fibers = strcmp(name, "threads") != 0;
	options->threads = strcmp(name, "fibers") != 0;
	return options->fibers != options->threads || !strcmp(name, "both");
}

void execution_set_call_hook(execution_call_hook hook)
{
	current.hook = hook;
}

void execution_set_exit_callback(execution_exit_fn fn)
{
	current.died = fn;
}

struct execution *execution_new(void)
{
	return isolate_map_shared(sizeof(struct execution));
}

void execution_reset(struct execution *execution)
{
	memset(execution, 0, sizeof(*execution));
	execution->undetectable_rule = RULE_COUNT;
	execution->last_started_call = EXECUTION_NO_CALL;
}

/* ---- executing ---- */

/* All runs must agree with each other, not only with the model. */
static bool same_result_as_first_run(const struct checker_report *first,
				     struct checker_report *again, unsigned int run)
{
	if (first->seen == again->seen && first->race_count == again->race_count)
		return true;
	return checker_set_difference(again, "run %u saw %zu races where the first run saw %zu", run,
				      again->race_count, first->race_count);
}

/* Stores the first report of a race that the model does not have, or else the first report. */
static void store_race(struct execution *execution)
{
	const struct race_reports *seen = exec_race_reports(current.check->exec);
	const struct shadow *shadow = rules_shadow(current.check->rules);
	const struct race *race = NULL;
	size_t kept = race_reports_kept_count(seen), i = 0;

	execution->has_race = kept > 0;
	if (!execution->has_race)
		return;
	while (i < kept && (race = race_report_find_race(&seen->kept[i], current.program, shadow, false)))
		i++;
	if (i == kept)
		race = race_report_find_race(&seen->kept[i = 0], current.program, shadow, false);
	execution->race = seen->kept[i];
	execution->race_first_call = race ? race->first : EXECUTION_NO_CALL;
}

static void run_fibers(struct execution *execution)
{
	struct checker_report first;

	for (unsigned int run = 1; run <= current.options->run_count; run++) {
		tsan_clear_shadow();
		checker_run_fibers(current.check, current.program, &execution->fibers);
		store_race(execution);
		if (execution->fibers.result == CHECKER_DIFFERS)
			return;
		if (run == 1)
			first = execution->fibers;
		if (!same_result_as_first_run(&first, &execution->fibers, run))
			return;
	}
}

static void run_threads(struct execution *execution)
{
	struct exec_timing timing = current.options->timing;
	rule_set seen = 0;

	for (timing.run_number = 1; timing.run_number <= current.options->run_count;
	     timing.run_number++) {
		exec_options(current.check->exec)->timing = timing;
		tsan_clear_shadow();
		if (checker_run_threads(current.check, current.program, &execution->threads) == CHECKER_DIFFERS)
			return;
		seen |= execution->threads.seen;
		execution->runs_with_race += execution->threads.race_count > 0;
	}
	execution->threads.seen = seen;
}

static void add_fatal_call(struct execution *execution, size_t call, enum rule rule,
			   enum detectable detectable)
{
	if (detectable == DETECTABLE_NEVER)
		execution->undetectable_rule = rule;
	else
		execution->fatal[execution->fatal_count++] = (struct fatal_call){ call, rule, detectable };
}

/*
 * Under MemorySanitizer the first use of uninitialised bytes ends the process. A fatal call ends it
 * where the call is detectable.
 */
static void find_fatal_calls(struct execution *execution, const struct verdict *v)
{
	struct detectable_by where = {
		.has_asan = detector_has_asan(),
		.has_alias_backend = !strcmp(exec_backend_name(), "alias"),
	};

	execution->fatal_count = 0;
	if (v->uninit_count && detector_has_msan())
		add_fatal_call(execution, v->uninits[0].call, RULE_uninit_use, DETECTABLE_ALWAYS);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock)
		add_fatal_call(execution, v->fatal_call, v->fatal_rule,
			       detectable_fatal_call(&current.program->calls[v->fatal_call], v, where));
}

static void record_started_call(size_t call)
{
	atomic_store_explicit(&current.execution->last_started_call, call, memory_order_relaxed);
	if (current.hook)
		current.hook(current.check, current.program, call, false);
}

void execution_run(struct execution *execution, struct checker *check, const struct program *program,
		   const struct execution_options *options)
{
	current.execution = execution;
	current.check = check;
	current.program = program;
	current.options = options;
	exec_options(check->exec)->call_hook = record_started_call;
	checker_evaluate(check, program);
	if (options->fibers)
		run_fibers(execution);
	if (execution->fibers.result == CHECKER_DIFFERS)
		return;
	if (options->fibers)
		find_fatal_calls(execution, rules_verdict(check->rules));
	execution->runs_on_threads = options->threads;
	if (options->threads)
		run_threads(execution);
}

/* ---- dying ---- */

NO_COVERAGE_BEGIN

static void record_started_call_in_child(size_t call)
{
	const struct program *program = current.program;

	atomic_store_explicit(&current.execution->last_started_call, call, memory_order_relaxed);
	exec_access_range(current.check->exec, &program->calls[call],
			  &current.execution->from, &current.execution->to);
	if (current.hook)
		current.hook(current.check, program, call, true);
}

/* Ends a process that spins before its time is up. */
static void limit_cpu_seconds(unsigned int seconds)
{
	struct rlimit limit = { seconds, seconds + 1 };

	if (seconds)
		setrlimit(RLIMIT_CPU, &limit);
}

static void run_fatal_call(void *ctx)
{
	const struct fatal_call *fatal_call = ctx;
	struct exec_options *options;
	struct checker_report report;

	current.execution->fatal_pid = getpid();
	limit_cpu_seconds(current.options->cpu_limit_seconds);
	if (current.options->has_engine_handlers)
		detector_disable_engine_handlers();
	detector_report_faults();
	if (!current.check) {
		current.check = checker_new();
		/*
		 * Fails without running the call: the exit must not look as if the call had
		 * returned.
		 */
		if (!current.check) {
			fprintf(stderr, "expected memory for the check\n");
			exit(1);
		}
		checker_evaluate(current.check, current.program);
		checker_run_fibers(current.check, current.program, &report);
	}
	options = exec_options(current.check->exec);
	options->call_hook = record_started_call_in_child;
	options->check_initialised = fatal_call->rule == RULE_uninit_use;
	checker_run_fatal_call(current.check, current.program, fatal_call->call);
}

/*
 * Writes how a child ended, or that the child did not end, and the report of the child, if it has
 * one.
 */
#define EXECUTION_EXIT_TEXT 200
static const char *execution_exit_text(const struct isolated *child, unsigned int seconds,
				char exit_text[EXECUTION_EXIT_TEXT])
{
	char report_line[160];

	detector_find_rule(child->output, report_line, sizeof(report_line));
	if (child->has_timed_out)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "still running after %u s", seconds);
	else if (child->signal == SIGXCPU)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "used up its CPU time");
	else if (child->signal)
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "died of signal %d: %s", child->signal,
			 *report_line ? report_line : "no report");
	else
		snprintf(exit_text, EXECUTION_EXIT_TEXT, "ended with status %d: %s",
			 child->exit_code, *report_line ? report_line : "no report");
	return exit_text;
}

const char *execution_line_text(const struct execution *execution, const struct program *program)
{
	static char line[48];
	size_t call = execution->last_started_call;

	if (call >= program->count)
		return "before the first line";
	snprintf(line, sizeof(line), "%sline %u",
		 execution->runs_on_threads ? "on threads, about " : "", program->calls[call].line);
	return line;
}

/* Returns whether the fault is at an address that the fatal call accesses. */
static bool is_fault_in_accessed_range(const struct execution *execution, const char *output)
{
	uintptr_t fault = detector_find_fault(output);

	return fault >= execution->from && fault < execution->to;
}

bool isolated_succeeded(const struct isolated *child)
{
	return !child->has_timed_out && !child->signal && !child->exit_code;
}

bool execution_check_alive(struct execution *execution, const struct program *program,
			   const struct execution_options *options, const struct isolated *child)
{
	char exit_text[EXECUTION_EXIT_TEXT];

	if (isolated_succeeded(child))
		return true;
	checker_set_difference(&execution->fibers, "%s: %s", execution_line_text(execution, program),
		execution_exit_text(child, options->time_limit_seconds, exit_text));
	return false;
}

static void check_child_exit(struct execution *execution, const struct program *program,
			     const struct execution_options *options, const struct fatal_call *fatal_call,
			     const struct isolated *child)
{
	char report_line[160], exit_text[EXECUTION_EXIT_TEXT];
	enum rule rule = detector_find_rule(child->output, report_line, sizeof(report_line));
	bool alive = isolated_succeeded(child);

	if (!alive && current.died)
		current.died(execution, child);
	execution->has_wrong_exit = true;
	execution->has_survived = alive && fatal_call->detectable != DETECTABLE_SOMETIMES;
	execution->has_timed_out = child->has_timed_out || child->signal == SIGXCPU;
	if (alive && fatal_call->detectable == DETECTABLE_SOMETIMES)
		execution->has_wrong_exit = false;
	else if (alive)
		checker_set_difference(&execution->fibers,
					 "line %u: expected the call to end the process with a report of "
					 "%s, but it returned",
					 program->calls[fatal_call->call].line, rule_name(fatal_call->rule));
	else if (execution->last_started_call != fatal_call->call)
		checker_set_difference(&execution->fibers, "%s, before the fatal call: %s",
			execution_line_text(execution, program),
			execution_exit_text(child, options->time_limit_seconds, exit_text));
	else if (child->has_timed_out || (rule != fatal_call->rule &&
				 !is_fault_in_accessed_range(execution, child->output)))
		checker_set_difference(&execution->fibers, "%s: expected a report of %s, got: %s",
			execution_line_text(execution, program), rule_name(fatal_call->rule),
			execution_exit_text(child, options->time_limit_seconds, exit_text));
	else {
		execution->fibers.seen |= RULE_BIT(fatal_call->rule);
		execution->has_wrong_exit = false;
	}
}

void execution_run_fatal_calls(struct execution *execution, struct checker *check,
			       const struct program *program,
			       const struct execution_options *options)
{
	static struct isolated child;

	current.execution = execution;
	current.check = check;
	current.program = program;
	current.options = options;
	execution->runs_on_threads = false;
	for (size_t i = 0; i < execution->fatal_count && execution->fibers.result != CHECKER_DIFFERS; i++) {
		struct fatal_call fatal_call = execution->fatal[i];

		execution->last_started_call = EXECUTION_NO_CALL;
		if (isolate(run_fatal_call, &fatal_call, options->time_limit_seconds, &child))
			check_child_exit(execution, program, options, &fatal_call, &child);
		else
			checker_set_difference(&execution->fibers, "expected a child process, got none");
		execution->fatal_pid = 0;
	}
}

NO_COVERAGE_END

/* ---- words ---- */

const struct checker_report *execution_select_report(const struct execution *execution)
{
	return execution->threads.result == CHECKER_DIFFERS ? &execution->threads : &execution->fibers;
}
