/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleaving_search.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/detect/tsan_hooks.h"
#include "harness/exec/scheduler.h"
#include "harness/interleave/shared_addresses.h"
#include "harness/model/orders.h"
#include "harness/outcome.h"

/* The most orders of calls that the model evaluates for a program. */
#define ORDERS_MAX 100000

static struct {
	const struct interleaving_request *request;
	struct interleaving_search_result *result;
	struct exec *exec;
	struct trace *trace;
	struct outcomes outcomes;
	rule_set broken;
	uint64_t page_blocks; /* that calls access (tsan_hooks.h) */
} search;

static bool set_text(enum interleaving_search_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Return: false. */
static bool set_text(enum interleaving_search_verdict verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(search.result->text, sizeof(search.result->text), format, args);
	va_end(args);
	search.result->verdict = verdict;
	return false;
}

/* ---- the outcomes that the model allows ---- */

/* Adds the blocks of pages that the calls of the order access, except for alloc_page() and free_page(). */
static void add_page_blocks(const struct order *order)
{
	const struct access_log *log = rules_access_log(order->rules);

	for (size_t i = 0; i < log->access_count; i++) {
		const struct access *access = &log->accesses[i];
		enum op op = order->program->calls[access->call].op;

		if (op == OP_alloc_page || op == OP_free_page)
			continue;
		for (unsigned int block = access->from / 64u; block * 64u < access->to; block++)
			search.page_blocks |= (uint64_t)1 << block;
	}
}

static bool add_outcome_of_order(void *ctx, const struct order *order)
{
	(void)ctx;
	search.broken = rules_verdict(order->rules)->broken;
	if (search.broken)
		return false;
	add_page_blocks(order);
	/* Without space for outcomes, the search still finds orders that break a rule, and accessed blocks.
	 */
	if (!search.result->has_unchecked_outcomes &&
	    !outcomes_add(&search.outcomes, rules_trace(order->rules), order->program))
		search.result->has_unchecked_outcomes = true;
	return true;
}

static const char *find_name_of_first_rule(rule_set rules)
{
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (rules & RULE_BIT(rule))
			return rule_table[rule].name;
	return "clean";
}

/* Return: false if the program breaks a rule in some order, or there is no memory. */
static bool compute_outcomes(void)
{
	struct orders *orders = orders_new();
	struct orders_request request = {
		.program = search.request->program,
		.rules = rules_new(),
		.order_limit = ORDERS_MAX,
		.handle_order = add_outcome_of_order,
	};
	struct orders_totals totals = { 0 };

	outcomes_clear(&search.outcomes);
	search.outcomes.program = search.request->program;
	search.broken = 0;
	/* All pages have the first block, so that the memset() calls of two threads race. */
	search.page_blocks = 1;
	if (orders && request.rules)
		totals = orders_search(orders, &request);
	orders_delete(orders);
	rules_delete(request.rules);
	search.result->outcome_count = (uint32_t)search.outcomes.count;
	if (!totals.pass_count)
		return set_text(SEARCH_REFUSED, "expected memory for the rule model, got none");
	if (totals.is_limited)
		search.result->has_unchecked_outcomes = true;
	return !search.broken || set_text(SEARCH_REFUSED,
					  "expected a program that is clean in every order of its calls, but "
					  "one order breaks %s",
					  find_name_of_first_rule(search.broken));
}

/* ---- checks of an execution ---- */

static uint32_t get_line(size_t call)
{
	return search.request->program->calls[call].line;
}

static const char *get_op_name(size_t call)
{
	return op_table[search.request->program->calls[call].op].name;
}

static bool check_end(void)
{
	static const char *const texts[] = {
		[INTERLEAVING_DEADLOCK] = "deadlock: every thread waits for a lock",
		[INTERLEAVING_LIVELOCK] = "livelock: the threads go on, and no call ends",
		[INTERLEAVING_DOES_NOT_FIT] = "the schedule does not fit: its next thread cannot run there",
	};
	enum interleaving_end end = search.result->last.end;

	if (end == INTERLEAVING_DONE)
		return true;
	if (end == INTERLEAVING_NOT_UNDONE)
		return set_text(SEARCH_REFUSED,
				"expected calls that write less memory than the undo log holds");
	if (end == INTERLEAVING_DOES_NOT_FIT)
		return set_text(SEARCH_REFUSED, "%s", texts[end]);
	return set_text(SEARCH_FOUND, "%s", texts[end]);
}

static bool check_library_race(void)
{
	const struct library_race *race = library_race_get();

	if (!race->is_found)
		return true;
	search.result->race_callers[0] = race->now.caller;
	search.result->race_callers[1] = race->before.caller;
	return set_text(
		SEARCH_FOUND,
		"library-race: %s of line %u %s data of the page library that %s of line %u %s, and nothing "
		"orders the two accesses",
		get_op_name(race->now.call), get_line(race->now.call),
		race->now.is_write ? "writes" : "reads", get_op_name(race->before.call),
		get_line(race->before.call), race->before.is_write ? "wrote" : "read");
}

static bool check_page_races(void)
{
	const struct race_reports *reports = exec_race_reports(search.exec);
	const struct race_report *report = &reports->kept[0];

	if (!race_reports_kept_count(reports))
		return true;
	search.result->race_callers[0] = report->stacks[0][0];
	search.result->race_callers[1] = report->stacks[1][0];
	if (report->page == RACE_REPORT_NO_PAGE)
		return set_text(SEARCH_FOUND, "library-race: %s of line %u with %s, outside of every page",
				get_op_name(report->call), get_line(report->call),
				report->earlier_thread < PROGRAM_THREADS ?
					thread_name(report->earlier_thread) :
					"an unknown thread");
	return set_text(SEARCH_FOUND,
			"data-race: %s of line %u on p%u bytes %u .. %u: the model knows no race",
			get_op_name(report->call), get_line(report->call), report->page, report->from,
			report->to - 1);
}

static bool check_outcome(void)
{
	return search.result->has_unchecked_outcomes || outcomes_contain(&search.outcomes, search.trace) ||
	       set_text(SEARCH_FOUND, "the results, bytes and pages are those of no order of the calls");
}

static bool check_execution(void)
{
	const char *error = exec_error_text(search.exec);

	return check_end() && check_library_race() && check_page_races() &&
	       (!*error || set_text(SEARCH_FOUND, "%s", error)) && check_outcome();
}

/* ---- the search ---- */

static bool execute_and_check(const struct strategy *strategy)
{
	struct interleaving_search_result *result = search.result;

	result->execution_count++;
	exec_run_interleaved(search.exec, search.request->program, strategy, search.trace, &result->last);
	if (strategy->is_redundant && strategy->is_redundant())
		result->redundant_count++;
	return check_execution();
}

/* Return: whether the search may go on: no execution failed, and not all interleavings were executed. */
static bool search_with_strategy(const struct strategy *strategy)
{
	struct interleaving_search_result *result = search.result;
	uint64_t end = result->execution_count + search.request->execution_limit;

	snprintf(result->strategy_name, sizeof(result->strategy_name), "%s", strategy->name);
	strategy->begin_search();
	do {
		if (!execute_and_check(strategy))
			return false;
		/* Decisions were missing at the address, so the search begins again. */
		if (!strategy->decides_at_every_point && shared_addresses_take_learned()) {
			result->restart_count++;
			strategy->begin_search();
		} else if (!strategy->prepare_next(result->last.decision_count)) {
			result->is_complete |= strategy == &strategy_dpor;
			return !result->is_complete;
		}
	} while (result->execution_count < end);
	return true;
}

static void search_interleavings(void)
{
	static const struct strategy *const strategies[] = { &strategy_dpor, &strategy_bounded, &strategy_pct,
							     &strategy_random };

	shared_addresses_begin_search();
	if (search.request->only) {
		search_with_strategy(search.request->only);
		return;
	}
	for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++)
		if (!search_with_strategy(strategies[i]))
			return;
}

static void run_given_interleaving(void)
{
	strategy_replay_set_deviations(search.request->deviations);
	shared_addresses_begin_search();
	search_with_strategy(&strategy_replay);
	if (search.result->verdict != SEARCH_FOUND && strategy_replay_count_unused())
		set_text(SEARCH_REFUSED, "the schedule does not fit: %zu of its switches are never reached",
			 strategy_replay_count_unused());
}

/* Return: false if this process cannot explore. */
static bool prepare(void)
{
	if (!tsan_is_present() || !tsan_hooks_are_linked())
		return set_text(SEARCH_REFUSED,
				"expected the flavour tsan, with an instrumented page library");
	if (!search.exec)
		search.exec = exec_new();
	if (!search.trace)
		search.trace = trace_new();
	if (!search.exec || !search.trace || !scheduler_map_stacks())
		return set_text(SEARCH_REFUSED, "expected memory for the executor, got none");
	if (strcmp(exec_backend_name(), "direct") != 0)
		return set_text(SEARCH_REFUSED, "expected the backend direct, got %s", exec_backend_name());
	return exec_library_reaches_hooks() ||
	       set_text(SEARCH_REFUSED,
			"expected a page library that is an archive compiled with -fsanitize=thread");
}

void interleaving_search_run(const struct interleaving_request *request,
			     struct interleaving_search_result *result)
{
	search.request = request;
	search.result = result;
	memset(result, 0, offsetof(struct interleaving_search_result, last));
	result->last.decision_count = 0;
	result->race_callers[0] = result->race_callers[1] = 0;
	if (!compute_outcomes() || !prepare())
		return;
	strategy_set_seed(request->seed);
	tsan_hooks_set_page_blocks(result->has_unchecked_outcomes ? TSAN_HOOKS_ALL_BLOCKS :
								    search.page_blocks);
	if (request->deviations)
		run_given_interleaving();
	else
		search_interleavings();
	tsan_hooks_set_page_blocks(TSAN_HOOKS_ALL_BLOCKS);
	if (result->verdict == SEARCH_CRASHED)
		result->verdict = SEARCH_CLEAN;
}

const struct trace *interleaving_search_get_trace(void)
{
	return search.trace;
}

/* ---- the text of an execution ---- */

static bool ran_before_decision(const struct thread_start *start)
{
	return start->position > start->first;
}

static struct deviation make_deviation(uint8_t running, uint8_t next, uint32_t position)
{
	return (struct deviation){ running == NO_THREAD ? THREAD_MAIN : running, next, (uint16_t)position };
}

/* Return: the index after the last thread of the section that begins with starts[@first]. */
static size_t find_end_of_starts(const struct interleaving *interleaving, size_t first)
{
	size_t end = first + 1;

	while (end < interleaving->start_count &&
	       interleaving->starts[end].section == interleaving->starts[first].section)
		end++;
	return end;
}

/* Return: whether a thread ran before the first decision of the section that begins at the line. */
static bool has_starts_before(const struct interleaving *interleaving, uint32_t section)
{
	for (size_t i = 0; i < interleaving->start_count; i++)
		if (interleaving->starts[i].section == section &&
		    ran_before_decision(&interleaving->starts[i]))
			return true;
	return false;
}

/* Return: the thread of the first decision of the section; NO_THREAD if the section has no decision. */
static uint8_t find_first_choice(const struct interleaving *interleaving, uint32_t section)
{
	for (size_t i = 0; i < interleaving->decision_count; i++)
		if (interleaving->decisions[i].running == NO_THREAD &&
		    interleaving->decisions[i].position == section)
			return interleaving->decisions[i].chosen;
	return NO_THREAD;
}

/* A replay makes a decision at each point, also where the threads of starts[@first .. @end) made none. */
static bool append_starts_of_section(const struct interleaving *interleaving, size_t first, size_t end,
				     struct deviations *deviations)
{
	const struct thread_start *starts = interleaving->starts;
	uint8_t running = NO_THREAD, chosen = find_first_choice(interleaving, starts[first].section);
	uint32_t position = starts[first].section;

	for (size_t i = first; i < end; i++) {
		struct deviation deviation = make_deviation(running, starts[i].thread, position);

		if (!ran_before_decision(&starts[i]))
			continue;
		if (i != first && !deviations_append(deviations, deviation))
			return false;
		running = starts[i].thread;
		position = starts[i].position;
	}
	return running == NO_THREAD || chosen == NO_THREAD || chosen == running ||
	       deviations_append(deviations, make_deviation(running, chosen, position));
}

static bool append_starts(const struct interleaving *interleaving, struct deviations *deviations)
{
	for (size_t first = 0, end; first < interleaving->start_count; first = end) {
		end = find_end_of_starts(interleaving, first);
		/* Main runs alone, so its lines need no deviation. */
		if (interleaving->starts[first].thread != THREAD_MAIN &&
		    !append_starts_of_section(interleaving, first, end, deviations))
			return false;
	}
	return true;
}

bool interleaving_search_get_deviations(const struct interleaving_search_result *result,
					struct deviations *deviations)
{
	const struct interleaving *last = &result->last;

	deviations->count = 0;
	if (last->has_learned && !append_starts(last, deviations))
		return false;
	for (size_t i = 0; i < last->decision_count; i++) {
		const struct decision *decision = &last->decisions[i];
		struct moment moment = { .enabled = decision->enabled, .running = decision->running };
		struct deviation deviation =
			make_deviation(decision->running, decision->chosen, decision->position);

		if (decision->chosen == strategy_default_choice(&moment))
			continue;
		if (decision->running == NO_THREAD && last->has_learned &&
		    has_starts_before(last, decision->position))
			continue;
		if (decision->position > UINT16_MAX || !deviations_append(deviations, deviation))
			return false;
	}
	return true;
}
