/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Explores the interleavings inside of the library's calls (interleaving_search.h). Every byte string is
 * decoded as a program, which is shortened to CALLS_MAX calls and repaired. The target executes the program
 * in up to EXECUTION_LIMIT interleavings. Every execution that fails is a finding. A program that breaks a
 * rule in another order of its calls, or has more than ORDER_LIMIT orders, is not explored.
 *
 * Coverage of an input is which edges it takes, not how often, because the number of executions would
 * decide how often. In addition, each kind of switch of threads is a feature of its own (count_switch()).
 */
#include "fuzz/fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "harness/interleaving_schedule.h"
#include "harness/interleaving_search.h"
#include "harness/library.h"
#include "harness/program/program_bytes.h"
#include "harness/util/bytes.h"

/* With these limits, 99 of 100 programs are explored completely, and 2,000 in a second of CPU time. */
#define CALLS_MAX       12
#define EXECUTION_LIMIT 200
#define ORDER_LIMIT     200

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

static struct program program;
static struct interleaving_search_result result;

static struct {
	unsigned long inputs, explored, complete, interleavings, unconfirmed;
} counts;

static void print_exploration_counts(void)
{
	fprintf(stderr,
		"fuzz_explore: %lu inputs, %lu explored, %lu of them completely, %lu interleavings, %lu "
		"failures that did not occur again\n",
		counts.inputs, counts.explored, counts.complete, counts.interleavings, counts.unconfirmed);
}

/* ---- coverage ---- */

/* The edge counters of all instrumented objects; the addresses are NULL in a build without such counters. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

#define SWITCH_COUNTERS 8192

/* libFuzzer uses these counters like the edge counters, and clears them before each input. */
static uint8_t switch_counters[SWITCH_COUNTERS] __attribute__((section("__libfuzzer_extra_counters")));

static void BYTES_NO_SANITIZE count_each_edge_once(void)
{
	for (uint8_t *counter = __start___sancov_cntrs; counter < __stop___sancov_cntrs; counter++)
		*counter = *counter != 0;
}

/* The kind of a switch is: which calls meet, and what each of them is about to do. */
static void count_switch(const struct decision *decision)
{
	uint32_t stopped_op = program.calls[decision->stopped_call].op,
		 next_op = program.calls[decision->call].op;
	uint32_t kind = (stopped_op << 8 | next_op) << 8 | (uint32_t)decision->stopped_kind << 4 |
			decision->point.kind;

	if (decision->running != NO_THREAD && decision->running != decision->chosen)
		switch_counters[(uint64_t)(kind * 2654435761u) * SWITCH_COUNTERS >> 32] = 1;
}

static void handle_execution(const struct interleaving *execution)
{
	counts.interleavings++;
	for (size_t i = 0; i < execution->decision_count; i++) {
		const struct decision *decision = &execution->decisions[i];
		const uint32_t words[] = { decision->chosen, decision->running,      decision->enabled,
					   decision->call,   decision->stopped_call, decision->point.kind };

		count_switch(decision);
		fuzz_report_outcome_part(DIGEST_TRACE, words, sizeof(words));
	}
}

/* ---- findings ---- */

/* Adds the schedule of the last execution to the program. Without a schedule, the program has none. */
static void set_schedule(void)
{
	if (!interleaving_get_schedule(&result, &program.schedule))
		program.schedule.count = 0;
}

static const int death_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

#define DEATH_SIGNALS (sizeof(death_signals) / sizeof(death_signals[0]))

static struct sigaction earlier_actions[DEATH_SIGNALS];

static void restore_earlier_actions(void)
{
	for (size_t i = 0; i < DEATH_SIGNALS; i++)
		sigaction(death_signals[i], &earlier_actions[i], NULL);
}

/*
 * The page library ended the process. Prints the interleaving, and lets the earlier handler, which is that of
 * the engine or of ThreadSanitizer, do the rest.
 */
static void print_interleaving_of_death(int signal)
{
	static char reason[80];

	restore_earlier_actions();
	snprintf(reason, sizeof(reason), "crash: the page library died of signal %d", signal);
	set_schedule();
	fuzz_print_finding("fuzz_explore", &program, reason);
	/* abort() would end the process without the earlier handler. A fault occurs again after the return.
	 */
	if (signal == SIGABRT)
		raise(signal);
}

static void set_death_handler(void)
{
	const struct sigaction action = { .sa_handler = print_interleaving_of_death,
					  .sa_flags = SA_NODEFER | SA_ONSTACK };

	for (size_t i = 0; i < DEATH_SIGNALS; i++)
		sigaction(death_signals[i], &action, &earlier_actions[i]);
}

/* ---- inputs ---- */

static void explore(void)
{
	const struct interleaving_request request = {
		.program = &program,
		.execution_limit = EXECUTION_LIMIT,
		.order_limit = ORDER_LIMIT,
		.only = &strategy_dpor,
		.handle_execution = handle_execution,
	};

	set_death_handler();
	interleaving_search_run(&request, &result);
	restore_earlier_actions();
}

/*
 * ThreadSanitizer's memory of earlier inputs may affect which races it reports, so a race must also be
 * reported with cleared memory. The verdict of other failures depends on nothing else, and the library cannot
 * be used after an execution that did not end.
 */
static void explore_and_confirm_race(void)
{
	explore();
	if (result.verdict != SEARCH_FOUND || result.last.end != INTERLEAVING_DONE || !result.race_callers[0])
		return;
	fuzz_clear_detector();
	explore();
	counts.unconfirmed += result.verdict != SEARCH_FOUND;
}

static void report_outcome(void)
{
	const uint64_t words[] = {
		result.verdict,         result.is_complete,     result.has_unchecked_outcomes,
		result.execution_count, result.redundant_count, result.restart_count
	};

	fuzz_report_outcome_part(DIGEST_VERDICT, words, sizeof(words));
	fuzz_report_outcome_part(DIGEST_VERDICT, result.text, sizeof(result.text));
}

/* An input of no calls is explored unless this process cannot explore: for example, it uses the backend
 * alias. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *missing = library_describe_refused_system_call();

	(void)argc;
	(void)argv;
	if (missing) {
		fprintf(stderr, "%s\n", missing);
		_exit(2);
	}
	explore();
	if (result.verdict != SEARCH_REFUSED)
		return 0;
	fprintf(stderr, "fuzz_explore: skipped: %s\n", result.text);
	_exit(EX_UNAVAILABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_set_input(data, size);
	if (!counts.inputs++)
		atexit(print_exploration_counts);
	program_from_bytes(&program, data, size);
	program.schedule = (struct deviations){ 0 };
	if (program.count > CALLS_MAX)
		program.count = CALLS_MAX;
	checker_repair_and_evaluate(fuzz_get_checker(), &program);
	program_update_lines(&program);
	explore_and_confirm_race();
	report_outcome();
	if (result.verdict == SEARCH_FOUND) {
		set_schedule();
		fuzz_abort_with_finding("fuzz_explore", &program, result.text);
	}
	counts.explored += result.verdict == SEARCH_CLEAN;
	counts.complete += result.is_complete;
	count_each_edge_once();
	return 0;
}
