/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleaving_search.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/detect/tsan_hooks.h"
#include "harness/exec/exec_start.h"
#include "harness/exec/scheduler.h"
#include "harness/interleave/shared_addresses.h"
#include "harness/model/orders.h"
#include "harness/outcome.h"
#include "harness/util/isolate.h"

/* The most orders of calls that the model evaluates for a program, if the request has no limit. */
#define ORDERS_MAX 100000

/* The most allocations that can succeed or fail, because freed pages may be in a quarantine. */
#define UNDECIDED_MAX 8

/* What a child process stores for its parent. */
struct shared {
	struct trace trace;
	bool reaches_hooks, may_go_on;
};

static struct {
	const struct interleaving_request *request;
	struct interleaving_search_result *result;
	struct exec *exec;
	struct shared *shared;
	struct trace *trace; /* of the last execution, in shared memory */
	struct orders *orders;
	struct rules *order_rules; /* evaluates each order */
	struct rules *rules;       /* evaluates an order with each result of undecided allocations */
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

/* Return: false. */
static bool refuse_without_fork(void)
{
	search.result->needs_fork = true;
	return set_text(
		SEARCH_REFUSED,
		"expected a page library whose writes can be undone, or a process for each execution");
}

/* ---- the outcomes that the model allows ---- */

static unsigned int get_page_limit(void)
{
	return search.result->start.kind == START_LEFT ? search.result->start.count : RULES_UNLIMITED_PAGES;
}

/* Return: false if the order breaks a rule. */
static bool add_outcome(const struct program *ordered, uint64_t failing)
{
	rules_limit_pages(search.rules, get_page_limit(), failing);
	rules_evaluate(search.rules, ordered);
	search.broken = rules_verdict(search.rules)->broken;
	if (search.broken)
		return false;
	search.page_blocks |= access_log_find_shared_blocks(rules_access_log(search.rules), ordered);
	/* Without space for outcomes, the search still finds orders that break a rule, and accessed blocks.
	 */
	if (!search.result->has_unchecked_outcomes &&
	    !outcomes_add(&search.outcomes, rules_trace(search.rules), ordered))
		search.result->has_unchecked_outcomes = true;
	return true;
}

/*
 * Sets the next choice of which undecided allocations fail, in the order of binary numbers whose first digit
 * is the first allocation. Return: false after the last choice.
 */
static bool choose_next_failing(uint64_t *failing)
{
	unsigned int i = rules_count_undecided_allocations(search.rules);

	if (i > UNDECIDED_MAX) {
		search.result->has_unchecked_outcomes = true;
		return false;
	}
	while (i && *failing >> (i - 1) & 1)
		i--;
	if (!i)
		return false;
	*failing = (*failing & (((uint64_t)1 << (i - 1)) - 1)) | (uint64_t)1 << (i - 1);
	return true;
}

static bool add_outcomes_of_order(void *ctx, const struct order *order)
{
	uint64_t failing = 0;

	(void)ctx;
	do
		if (!add_outcome(order->program, failing))
			return false;
	while (choose_next_failing(&failing));
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
	struct orders_request request = {
		.program = search.request->program,
		.order_limit = search.request->order_limit ? search.request->order_limit : ORDERS_MAX,
		.handle_order = add_outcomes_of_order,
		.calls_are_dependent = search.result->start.kind == START_LEFT ?
					       calls_are_dependent_with_page_limit :
					       calls_are_dependent,
	};
	struct orders_totals totals;

	if (!search.orders)
		search.orders = orders_new();
	if (!search.order_rules)
		search.order_rules = rules_new();
	if (!search.rules)
		search.rules = rules_new();
	if (!search.orders || !search.order_rules || !search.rules)
		return set_text(SEARCH_REFUSED, "expected memory for the rule model, got none");
	request.rules = search.order_rules;
	search.outcomes.program = search.request->program;
	search.broken = 0;
	/* All pages have the first block, so that the memset() calls of two threads race. */
	search.page_blocks = 0;
	rules_limit_pages(request.rules, get_page_limit(), 0);
	totals = orders_search(search.orders, &request);
	search.result->outcome_count = (uint32_t)search.outcomes.count;
	if (!totals.pass_count)
		return set_text(SEARCH_REFUSED, "expected memory for the rule model, got none");
	if (totals.is_limited)
		search.result->has_unchecked_outcomes = true;
	if (totals.is_limited && !search.broken && search.request->order_limit)
		return set_text(SEARCH_REFUSED, "expected at most %llu orders of the calls, got more",
				(unsigned long long)request.order_limit);
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

	/* Nothing needs to be undone if this process makes no other execution. */
	if (end == INTERLEAVING_DONE ||
	    (end == INTERLEAVING_NOT_UNDONE && (search.result->has_forked || search.request->deviations)))
		return true;
	if (end == INTERLEAVING_NOT_UNDONE)
		return refuse_without_fork();
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

static void execute_and_check_once(void *strategy)
{
	exec_run_interleaved(search.exec, search.request->program, strategy, search.trace,
			     &search.result->last);
	search.shared->may_go_on = check_execution();
}

/* Return: whether the execution did not fail. */
static bool execute_and_check(const struct strategy *strategy)
{
	if (search.result->has_forked)
		isolate_call_or_end(execute_and_check_once, (void *)(uintptr_t)strategy);
	else
		execute_and_check_once((void *)(uintptr_t)strategy);
	return search.shared->may_go_on;
}

static bool execute_check_and_count(const struct strategy *strategy)
{
	bool may_go_on;

	search.result->execution_count++;
	may_go_on = execute_and_check(strategy);
	if (strategy->is_redundant && strategy->is_redundant())
		search.result->redundant_count++;
	if (search.request->handle_execution)
		search.request->handle_execution(&search.result->last);
	return may_go_on;
}

/* Return: whether the search may go on: no execution failed, and not all interleavings were executed. */
static bool search_with_strategy(const struct strategy *strategy)
{
	struct interleaving_search_result *result = search.result;
	uint64_t end = result->execution_count + search.request->execution_limit;

	snprintf(result->strategy_name, sizeof(result->strategy_name), "%s", strategy->name);
	strategy->begin_search();
	do {
		if (!execute_check_and_count(strategy))
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

/* ---- whether the writes of executions are undone ---- */

static uint64_t add_to_hash(uint64_t hash, unsigned int value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15;
}

/*
 * Executes the default interleaving, and gets a hash of its points and results, but not of bytes:
 * uninitialised bytes are those of an earlier execution. Return: whether the execution did not fail.
 */
static bool execute_default_and_get_hash(uint64_t *hash)
{
	static const struct deviations none;

	strategy_replay_set_deviations(&none);
	strategy_replay.begin_search();
	if (!execute_and_check(&strategy_replay))
		return false;
	*hash = search.result->last.point_hash;
	for (size_t i = 0; i < search.trace->step_count; i++)
		*hash = add_to_hash(*hash, search.trace->steps[i].was_skipped ?
						   UINT8_MAX :
						   (unsigned int)search.trace->steps[i].result + 1);
	return true;
}

/* Return: whether an execution was undone, and none failed. @hash: gets the hash of the default interleaving.
 */
static bool check_that_writes_are_undone(const struct strategy *first, uint64_t *hash)
{
	uint64_t later_hash;

	if (search.result->has_forked)
		return true;
	/* The first execution of the search is also the first one that may fail, and then it is the result.
	 */
	snprintf(search.result->strategy_name, sizeof(search.result->strategy_name), "%s", first->name);
	first->begin_search();
	search.result->execution_count = 1;
	if (!execute_and_check(first))
		return false;
	snprintf(search.result->strategy_name, sizeof(search.result->strategy_name), "replay");
	if (!execute_default_and_get_hash(hash) || !execute_default_and_get_hash(&later_hash))
		return false;
	search.result->execution_count = 0;
	shared_addresses_begin_search();
	return *hash == later_hash || refuse_without_fork();
}

static void check_that_writes_were_undone(uint64_t hash)
{
	uint64_t later_hash;

	if (!search.result->has_forked && search.result->verdict == SEARCH_CRASHED &&
	    execute_default_and_get_hash(&later_hash) && later_hash != hash)
		refuse_without_fork();
}

static void search_with_strategies(const struct strategy *const *strategies, size_t count)
{
	uint64_t hash = 0;
	bool may_go_on = check_that_writes_are_undone(strategies[0], &hash);

	for (size_t i = 0; may_go_on && i < count; i++)
		may_go_on = search_with_strategy(strategies[i]);
	if (search.result->execution_count)
		check_that_writes_were_undone(hash);
}

static void search_interleavings(void)
{
	static const struct strategy *const strategies[] = { &strategy_dpor, &strategy_bounded, &strategy_pct,
							     &strategy_random };

	shared_addresses_begin_search();
	if (search.request->only)
		search_with_strategies(&search.request->only, 1);
	else
		search_with_strategies(strategies, sizeof(strategies) / sizeof(strategies[0]));
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

static void run_search(void *unused)
{
	(void)unused;
	strategy_set_seed(search.request->seed);
	tsan_hooks_set_page_blocks(search.result->has_unchecked_outcomes ? TSAN_HOOKS_ALL_BLOCKS :
									   search.page_blocks);
	if (search.request->deviations)
		run_given_interleaving();
	else
		search_interleavings();
	tsan_hooks_set_page_blocks(TSAN_HOOKS_ALL_BLOCKS);
	if (search.result->verdict == SEARCH_CRASHED)
		search.result->verdict = SEARCH_CLEAN;
}

/* ---- the process ---- */

static void find_out_and_exit(void *unused)
{
	(void)unused;
	exec_find_out_whether_library_reaches_hooks(&search.shared->reaches_hooks, true);
}

/* The check uses the library, so only the state START_USED stays the same. */
static bool library_reaches_hooks(void)
{
	if (search.result->start.kind == START_USED)
		exec_find_out_whether_library_reaches_hooks(&search.shared->reaches_hooks, false);
	else
		isolate_call_or_end(find_out_and_exit, NULL);
	return search.shared->reaches_hooks;
}

/* Creates the executor in the first search of the process. Return: whether the library is in the start state.
 */
static bool enter_start_state(void)
{
	static struct start_state entered;
	const char *error = "expected a process that has not used the page library";

	if (!search.exec) {
		search.exec = exec_new_in_state(search.result->start, &error);
		entered = search.result->start;
	} else if (start_states_are_equal(entered, search.result->start)) {
		return true;
	} else {
		return set_text(SEARCH_REFUSED, "%s", error);
	}
	return search.exec || set_text(SEARCH_REFUSED, "%s", error);
}

/* Return: false if this process cannot explore. */
static bool prepare(void)
{
	if (!tsan_is_present() || !tsan_hooks_are_linked())
		return set_text(SEARCH_REFUSED,
				"expected the flavour tsan, with an instrumented page library");
	if (!search.shared)
		search.shared = isolate_map_shared_or_exit(sizeof(*search.shared));
	search.trace = &search.shared->trace;
	if (!enter_start_state())
		return false;
	if (!scheduler_map_stacks())
		return set_text(SEARCH_REFUSED, "expected memory for the executor, got none");
	if (strcmp(exec_backend_name(), "direct") != 0)
		return set_text(SEARCH_REFUSED, "expected the backend direct, got %s", exec_backend_name());
	return library_reaches_hooks() ||
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
	result->start = request->start;
	result->has_forked = request->must_fork || start_state_needs_fork(request->start);
	if (compute_outcomes() && prepare()) {
		if (request->start.kind == START_AFTER_FORK)
			isolate_call_or_end(run_search, NULL);
		else
			run_search(NULL);
	}
	outcomes_clear(&search.outcomes);
}

const struct trace *interleaving_search_get_trace(void)
{
	return search.trace;
}
