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
#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/execution_end.h"
#include "harness/library.h"
#include "harness/util/isolate_server.h"

/* The current execution. A process has one execution at a time, because the library's hooks are global. */
static struct {
	struct execution *execution;
	struct checker *checker;
	const struct program *program;
	const struct execution_options *options;
	execution_call_hook hook;
	bool is_fatal_child; /* this process is a child that runs a program up to its fatal call */
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

void execution_reset(struct execution *execution)
{
	memset(execution, 0, sizeof(*execution));
	execution->undetectable_rule = RULE_COUNT;
	execution->last_started_call = EXECUTION_NO_CALL;
}

/* ---- fatal calls ---- */

static void add_call_or_undetectable_rule(struct execution *execution, size_t call, enum rule rule,
					  enum detectable detectable)
{
	if (detectable == DETECTABLE_NEVER)
		execution->undetectable_rule = rule;
	else
		execution->fatal_calls[execution->fatal_call_count++] =
			(struct fatal_call){ call, rule, detectable, false };
}

/*
 * Of the loads and stores, only those can be caught that AddressSanitizer finds by its poison. Any other
 * access may be a page fault. What is detected only sometimes depends on the programs before, so it gets a
 * child.
 */
static bool can_be_caught(const struct call *call, enum detectable detectable,
			  const struct available_detectors *where)
{
	if (!library_get()->calls_bug_hook || where->kernel || detectable != DETECTABLE_ALWAYS)
		return false;
	return !op_is_mapped_access(call->op) || (where->has_asan && !where->has_alias_backend);
}

/*
 * Lists the calls that must end a process: under MemorySanitizer the first use of uninitialised bytes, and a
 * fatal call that is detectable in this flavour.
 */
static void list_fatal_calls(struct execution *execution, const struct verdict *v)
{
	struct available_detectors where = {
		.has_asan = detector_has_asan(),
		.has_alias_backend = !strcmp(exec_backend_name(), "alias"),
		.kernel = library_get()->kernel_checks,
	};

	execution->fatal_call_count = 0;
	if (v->uninit_use_count && detector_has_msan())
		add_call_or_undetectable_rule(execution, v->uninit_uses[0].call, RULE_uninit_use,
					      DETECTABLE_ALWAYS);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock)
		add_call_or_undetectable_rule(
			execution, v->fatal_call, v->fatal_rule,
			detectable_classify_fatal_call(&current.program->calls[v->fatal_call], v, where));
	for (size_t i = 0; i < execution->fatal_call_count; i++)
		execution->fatal_calls[i].can_be_caught =
			execution->fatal_calls[i].call == v->fatal_call &&
			can_be_caught(&current.program->calls[v->fatal_call],
				      execution->fatal_calls[i].detectable, &where);
}

static bool must_catch_report(const struct execution *execution)
{
	for (size_t i = 0; i < execution->fatal_call_count; i++)
		if (execution->fatal_calls[i].can_be_caught)
			return current.options->catches_reports;
	return false;
}

/* ---- executions in this process ---- */

/* Stores a difference if @later shows other broken rules or another number of races than @first. */
static bool check_rules_and_race_count(const struct checker_report *first, struct checker_report *later,
				       unsigned int run_number)
{
	if (first->seen == later->seen && first->race_count == later->race_count)
		return true;
	return checker_set_difference(later, "run %u saw %zu races where the first run saw %zu", run_number,
				      later->race_count, first->race_count);
}

/* Stores a race on the library's own data that made the execution differ. Return: whether there is one. */
static bool store_library_race_if_any(struct execution *execution)
{
	const struct library_race *race = library_race_get();

	if (!execution->fibers.has_library_race)
		return false;
	execution->has_race = true;
	execution->race = (struct race_report){
		.call = race->now.call,
		.earlier_thread = race->before.thread,
		.page = RACE_REPORT_NO_PAGE,
		.stacks = { { race->now.caller }, { race->before.caller } },
	};
	execution->race_first_call = race->before.call;
	return true;
}

/* Stores the first report of a race that the model does not have, otherwise the first report. */
static void store_unknown_or_first_race(struct execution *execution)
{
	const struct race_reports *seen = exec_race_reports(current.checker->exec);
	const struct access_log *access_log = rules_access_log(current.checker->rules);
	const struct race *race = NULL;
	size_t kept = race_reports_kept_count(seen), i = 0;

	execution->has_race = kept > 0;
	if (!execution->has_race)
		return;
	while (i < kept && (race = race_report_find_race(&seen->kept[i], current.program, access_log, false)))
		i++;
	if (i == kept)
		race = race_report_find_race(&seen->kept[i = 0], current.program, access_log, false);
	execution->race = seen->kept[i];
	execution->race_first_call = race ? race->first : EXECUTION_NO_CALL;
}

static void run_repeatedly_on_fibers(struct execution *execution)
{
	struct checker_report first;

	for (unsigned int run = 1; run <= current.options->run_count; run++) {
		tsan_clear_shadow();
		checker_run_and_compare_fibers(current.checker, current.program, &execution->fibers);
		if (current.options->catches_reports)
			execution_check_caught_call(execution, current.checker, current.program,
						    current.options);
		if (!store_library_race_if_any(execution))
			store_unknown_or_first_race(execution);
		if (execution->fibers.result == CHECKER_DIFFERS)
			return;
		if (run == 1)
			first = execution->fibers;
		if (!check_rules_and_race_count(&first, &execution->fibers, run))
			return;
	}
}

static void run_repeatedly_on_threads(struct execution *execution)
{
	struct exec_timing timing = current.options->timing;
	rule_set seen = 0;

	for (timing.run_number = 1; timing.run_number <= current.options->run_count; timing.run_number++) {
		exec_options(current.checker->exec)->timing = timing;
		tsan_clear_shadow();
		if (checker_run_and_compare_threads(current.checker, current.program, &execution->threads) ==
		    CHECKER_DIFFERS)
			return;
		seen |= execution->threads.seen;
		execution->runs_with_race += execution->threads.race_count > 0;
	}
	execution->threads.seen = seen;
}

/* ---- all executions ---- */

static bool uses_fail_nth(const struct program *program)
{
	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].op == OP_fail_nth && program->calls[i].number[0])
			return true;
	return false;
}

/* No coverage counters: the function also runs in child processes, which not every input gets. */
NO_COVERAGE_BEGIN
static void record_call_and_run_hook(size_t call)
{
	struct execution *execution = current.execution;

	atomic_store_explicit(&execution->last_started_call, call, memory_order_relaxed);
	if (current.is_fatal_child || exec_options(current.checker->exec)->catches_report)
		exec_get_mapped_access_range(current.checker->exec, &current.program->calls[call],
					     &execution->accessed_from, &execution->accessed_to);
	if (current.hook)
		current.hook(current.checker, current.program, call, current.is_fatal_child);
}
NO_COVERAGE_END

void execution_run(struct execution *execution, struct checker *checker, const struct program *program,
		   const struct execution_options *options)
{
	current.execution = execution;
	current.checker = checker;
	current.program = program;
	current.options = options;
	exec_options(checker->exec)->call_hook = record_call_and_run_hook;
	execution->needs_failure_points = library_get()->lacks_failure_points && uses_fail_nth(program);
	if (execution->needs_failure_points)
		return;
	if (options->fibers) {
		list_fatal_calls(execution, rules_verdict(checker->rules));
		exec_options(checker->exec)->catches_report = must_catch_report(execution);
		run_repeatedly_on_fibers(execution);
		exec_options(checker->exec)->catches_report = false;
	}
	if (execution->fibers.result == CHECKER_DIFFERS)
		return;
	execution->runs_on_threads = options->threads;
	if (options->threads)
		run_repeatedly_on_threads(execution);
}

void execution_evaluate_and_run(struct execution *execution, struct checker *checker,
				const struct program *program, const struct execution_options *options)
{
	checker_evaluate(checker, program);
	execution_run(execution, checker, program, options);
}

/* ---- fatal calls in child processes ---- */

NO_COVERAGE_BEGIN

/* Lets the kernel end this process after @seconds of CPU time; 0: never. */
static void limit_cpu_seconds(unsigned int seconds)
{
	struct rlimit limit = { seconds, seconds + 1 };

	if (seconds)
		setrlimit(RLIMIT_CPU, &limit);
}

static void run_program_in_new_process(void)
{
	struct checker_report report;

	checker_evaluate(current.checker, current.program);
	checker_run_and_compare_fibers(current.checker, current.program, &report);
}

static void run_fatal_call_in_child(void *ctx)
{
	const struct fatal_call *fatal_call = ctx;
	struct exec_options *options;

	current.execution->fatal_pid = getpid();
	limit_cpu_seconds(current.options->cpu_limit_seconds);
	if (current.options->has_engine_handlers) {
		detector_hide_child_death_from_engine();
		detector_shorten_reports();
	}
	detector_make_faults_print_and_exit();
	if (!current.checker) {
		current.checker = checker_new();
		/* Exit with an error: exit status 0 would mean that the fatal call returned. */
		if (!current.checker) {
			fprintf(stderr, "expected memory for the checker\n");
			exit(1);
		}
		run_program_in_new_process();
	}
	options = exec_options(current.checker->exec);
	options->call_hook = record_call_and_run_hook;
	options->catches_report = false;
	current.is_fatal_child = true;
	options->check_initialised = fatal_call->rule == RULE_uninit_use;
	checker_run_up_to_fatal_call(current.checker, current.program, fatal_call->call);
}

/* What a child of the server needs to run a fatal call, in shared memory; NULL: there is no server. */
static struct server_request {
	struct execution *execution; /* in shared memory, too */
	struct checker *checker;     /* the server's checker */
	struct program program;
	struct execution_options options;
	struct fatal_call fatal_call;
} * server_request;

bool execution_start_server(struct checker *checker)
{
	server_request = isolate_map_shared(sizeof(*server_request));
	if (!server_request)
		return false;
	server_request->checker = checker;
	detector_find_own_stack();
	if (!isolate_server_start())
		server_request = NULL;
	return server_request;
}

static void run_fatal_call_in_child_of_server(void *request)
{
	struct server_request *r = request;

	current.execution = r->execution;
	current.checker = r->checker;
	current.program = &r->program;
	current.options = &r->options;
	run_program_in_new_process();
	run_fatal_call_in_child(&r->fatal_call);
}

static bool isolate_fatal_call(struct fatal_call *fatal_call, struct isolated *child)
{
	unsigned int seconds = current.options->time_limit_seconds;

	if (!current.options->forks_from_server || !server_request)
		return isolate_call(run_fatal_call_in_child, fatal_call, seconds, child);
	server_request->execution = current.execution;
	server_request->program = *current.program;
	server_request->options = *current.options;
	server_request->fatal_call = *fatal_call;
	return isolate_call_in_server(run_fatal_call_in_child_of_server, server_request, seconds, child);
}

void execution_run_fatal_calls(struct execution *execution, struct checker *checker,
			       const struct program *program, const struct execution_options *options)
{
	static struct isolated child;

	current.execution = execution;
	current.checker = checker;
	current.program = program;
	current.options = options;
	execution->runs_on_threads = false;
	for (size_t i = 0; i < execution->fatal_call_count && execution->fibers.result != CHECKER_DIFFERS;
	     i++) {
		struct fatal_call fatal_call = execution->fatal_calls[i];

		if (fatal_call.can_be_caught && options->catches_reports)
			continue;
		execution->last_started_call = EXECUTION_NO_CALL;
		if (isolate_fatal_call(&fatal_call, &child))
			execution_check_end_of_fatal_call(execution, program, options, &fatal_call, &child);
		else
			checker_set_difference(&execution->fibers, "expected a child process, got none");
		execution->fatal_pid = 0;
	}
}

NO_COVERAGE_END

/* ---- the result ---- */

const struct checker_report *execution_get_differing_or_fiber_report(const struct execution *execution)
{
	return execution->threads.result == CHECKER_DIFFERS ? &execution->threads : &execution->fibers;
}
