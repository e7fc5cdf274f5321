/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The search is depth-first. At each depth it runs one call of those that can run, searches the orders that
 * begin like this, takes the call back, and runs the next call.
 *
 * Sleep sets: after the search of all orders that begin with call A, A is asleep while the search runs other
 * calls, until a call runs that depends on A. An order in which A would run while asleep is equivalent to an
 * order that the search has already evaluated. An order is therefore cut as soon as no remaining call can
 * wake a sleeping call (can_wake_all()).
 *
 * A fatal call ends the program, so its order to every other call matters. A call that was fatal in some
 * order is in `may_be_fatal`: when such a call runs, the rules are evaluated at once. If the call is fatal,
 * the order ends, and the call does not fall asleep. A call in `may_be_fatal` counts as one that can wake
 * every call.
 */
#include "harness/model/orders.h"

#include <stdlib.h>

#include "harness/program/program_state.h"
#include "harness/util/bytes.h"

#define SET_BITS  64
#define SET_WORDS ((PROGRAM_CALLS + SET_BITS - 1) / SET_BITS)

/* A set of calls of the program. */
struct call_set {
	uint64_t words[SET_WORDS];
};

struct orders {
	const struct orders_request *request;
	struct orders_totals totals;
	uint64_t evaluated_count; /* in the last pass */
	uint64_t step_count;      /* calls that the last pass ran */
	bool must_begin_again, must_stop;
	struct program_state state;
	struct program ordered;          /* the calls in the current order; some may be missing at the end */
	uint16_t call_at[PROGRAM_CALLS]; /* for each call of @ordered, its index in the given program */
	struct call_set remaining;       /* calls that have not run in the current order */
	struct call_set may_be_fatal;
	/* For each call, the dependent calls of other threads between the same two lines of main. */
	struct call_set dependent_calls[PROGRAM_CALLS];
	size_t section_ends[PROGRAM_CALLS]; /* for each call, the next line of main, or the end */
};

static bool call_set_contains(const struct call_set *set, size_t call)
{
	return set->words[call / SET_BITS] >> call % SET_BITS & 1;
}

static void call_set_add(struct call_set *set, size_t call)
{
	set->words[call / SET_BITS] |= UINT64_C(1) << call % SET_BITS;
}

static void call_set_remove(struct call_set *set, size_t call)
{
	set->words[call / SET_BITS] &= ~(UINT64_C(1) << call % SET_BITS);
}

/* ---- preparation ---- */

static void find_section_ends(struct orders *orders, const struct program *program)
{
	size_t end = program->count;

	for (size_t i = program->count; i--;) {
		orders->section_ends[i] = end;
		if (program->calls[i].thread == THREAD_MAIN)
			end = i;
	}
}

static void find_dependent_calls(struct orders *orders, const struct program *program)
{
	calls_are_dependent_fn is_dependent = orders->request->calls_are_dependent;
	struct dependence dependence;

	if (!is_dependent)
		is_dependent = calls_are_dependent;
	dependence_init(&dependence, program);
	bytes_fill(orders->dependent_calls, 0, program->count * sizeof(orders->dependent_calls[0]));
	for (size_t i = 0; i < program->count; i++)
		for (size_t j = i + 1; j < orders->section_ends[i]; j++) {
			if (program->calls[i].thread == program->calls[j].thread ||
			    !is_dependent(&dependence, &program->calls[i], &program->calls[j]))
				continue;
			call_set_add(&orders->dependent_calls[i], j);
			call_set_add(&orders->dependent_calls[j], i);
		}
}

static void find_calls_that_are_fatal_in_line_order(struct orders *orders, const struct program *program)
{
	const struct verdict *verdict = rules_verdict(orders->request->rules);
	bool fatal_calls[PROGRAM_CALLS] = { false };

	bytes_fill(&orders->may_be_fatal, 0, sizeof(orders->may_be_fatal));
	rules_evaluate_past_fatal_calls(orders->request->rules, program, fatal_calls);
	if (verdict->broken & RULE_BIT(RULE_deadlock))
		fatal_calls[verdict->fatal_call] =
			false; /* this call is blocked, so it is not fatal itself */
	for (size_t i = 0; i < program->count; i++)
		if (fatal_calls[i])
			call_set_add(&orders->may_be_fatal, i);
}

static void begin_pass(struct orders *orders, const struct program *program)
{
	program_state_init(&orders->state, program);
	bytes_fill(&orders->remaining, 0, sizeof(orders->remaining));
	for (size_t i = 0; i < program->count; i++)
		call_set_add(&orders->remaining, i);
	orders->must_begin_again = false;
	orders->totals.order_count = orders->totals.cut_count = 0;
	orders->evaluated_count = orders->step_count = 0;
	orders->totals.pass_count++;
}

/* ---- one order ---- */

/*
 * Evaluates the calls of orders->ordered. A call that is fatal for the first time makes the search begin
 * again. Return: whether the last of @run_count calls is fatal.
 */
static bool evaluate_and_check_last_call(struct orders *orders, size_t run_count)
{
	const struct verdict *verdict = rules_verdict(orders->request->rules);
	size_t fatal_call;

	rules_evaluate(orders->request->rules, &orders->ordered);
	if (verdict->fatal_call == VERDICT_NONE || verdict->fatal_rule == RULE_deadlock)
		return false;
	fatal_call = orders->call_at[verdict->fatal_call];
	if (!call_set_contains(&orders->may_be_fatal, fatal_call)) {
		call_set_add(&orders->may_be_fatal, fatal_call);
		orders->must_begin_again = true;
	}
	return verdict->fatal_call + 1 == run_count;
}

static void append_remaining_calls(struct orders *orders, size_t run_count)
{
	const struct program *program = orders->request->program;

	for (size_t i = 0; i < program->count; i++) {
		if (!call_set_contains(&orders->remaining, i))
			continue;
		orders->call_at[run_count] = (uint16_t)i;
		orders->ordered.calls[run_count++] = program->calls[i];
	}
	orders->ordered.count = program->count;
}

/* Evaluates an order that ends after @run_count calls, and passes it to the caller of the search. */
static void evaluate_and_handle_order(struct orders *orders, size_t run_count)
{
	const struct orders_request *request = orders->request;
	struct order order = { &orders->ordered, request->rules, run_count, orders->totals.pass_count };

	if (orders->evaluated_count == request->order_limit) {
		orders->must_stop = orders->totals.is_limited = true;
		return;
	}
	orders->evaluated_count++;
	append_remaining_calls(orders, run_count);
	evaluate_and_check_last_call(orders, run_count);
	if (orders->must_begin_again)
		return;
	orders->totals.order_count++;
	orders->must_stop = !request->handle_order(request->ctx, &order);
}

/* ---- the search ---- */

/* The calls that can run after some calls of an order, at most one for each thread. */
struct choices {
	size_t count;
	size_t calls[SCHEDULE_THREADS];
	bool is_asleep[SCHEDULE_THREADS];
};

/* Return: whether a remaining call may wake @call: it depends on @call, or may be fatal. */
static bool can_wake(const struct orders *orders, size_t call)
{
	size_t first = orders->state.schedule.first_remaining, end = orders->section_ends[call];

	for (size_t word = first / SET_BITS; word * SET_BITS < end; word++) {
		uint64_t wakers =
			orders->dependent_calls[call].words[word] | orders->may_be_fatal.words[word];

		wakers &= orders->remaining.words[word];
		if (end - word * SET_BITS < SET_BITS)
			wakers &= (UINT64_C(1) << end % SET_BITS) - 1;
		if (wakers)
			return true;
	}
	return false;
}

static bool can_wake_all(const struct orders *orders, const struct choices *choices)
{
	bool are_all_asleep = true;

	for (size_t i = 0; i < choices->count; i++) {
		are_all_asleep &= choices->is_asleep[i];
		if (choices->is_asleep[i] && !can_wake(orders, choices->calls[i]))
			return false;
	}
	return !are_all_asleep;
}

/* Return: a bit for the thread of the call. */
static uint32_t get_thread_bit(const struct orders *orders, size_t call)
{
	return 1u << orders->state.schedule.line_threads[call];
}

static void find_choices(const struct orders *orders, uint32_t sleeping_threads, struct choices *choices)
{
	choices->count = program_state_find_runnable_calls(&orders->state, choices->calls);
	for (size_t i = 0; i < choices->count; i++)
		choices->is_asleep[i] = sleeping_threads & get_thread_bit(orders, choices->calls[i]);
}

static void search_after(struct orders *orders, size_t run_count, uint32_t sleeping_threads);

/* Searches the orders in which the call choices->calls[@chosen], which ran last, is not fatal. */
static void search_after_choice(struct orders *orders, size_t run_count, const struct choices *choices,
				size_t chosen)
{
	const struct call_set *dependent_calls = &orders->dependent_calls[choices->calls[chosen]];
	uint32_t sleeping_threads = 0;

	for (size_t i = 0; i < choices->count; i++)
		if (choices->is_asleep[i] && !call_set_contains(dependent_calls, choices->calls[i]))
			sleeping_threads |= get_thread_bit(orders, choices->calls[i]);
	search_after(orders, run_count, sleeping_threads);
}

/* Return: whether the call that ran last is fatal. */
static bool last_call_is_fatal(struct orders *orders, size_t run_count)
{
	if (!call_set_contains(&orders->may_be_fatal, orders->call_at[run_count - 1]))
		return false;
	orders->ordered.count = run_count;
	return evaluate_and_check_last_call(orders, run_count);
}

/* Runs a call and searches all orders that begin like this. Return: whether the call is fatal. */
static bool run_choice_and_search(struct orders *orders, size_t run_count, const struct choices *choices,
				  size_t chosen)
{
	size_t call = choices->calls[chosen];
	struct program_state_sync before;
	bool is_fatal;

	orders->step_count++;
	program_state_run_call(&orders->state, call, &before);
	call_set_remove(&orders->remaining, call);
	orders->call_at[run_count] = (uint16_t)call;
	orders->ordered.calls[run_count] = orders->request->program->calls[call];
	is_fatal = last_call_is_fatal(orders, run_count + 1);
	if (is_fatal)
		evaluate_and_handle_order(orders, run_count + 1);
	else
		search_after_choice(orders, run_count + 1, choices, chosen);
	call_set_add(&orders->remaining, call);
	program_state_undo_call(&orders->state, call, &before);
	return is_fatal;
}

static bool has_step_left(const struct orders *orders)
{
	uint64_t longest_order = orders->request->program->count * (uint64_t)PROGRAM_THREADS;

	return orders->step_count / longest_order < orders->request->order_limit;
}

/*
 * Searches all orders that begin with the current @run_count calls.
 * @sleeping_threads: a bit for each thread whose next call is asleep
 */
static void search_after(struct orders *orders, size_t run_count, uint32_t sleeping_threads)
{
	struct choices choices;

	find_choices(orders, sleeping_threads, &choices);
	if (!choices.count) {
		evaluate_and_handle_order(orders, run_count);
		return;
	}
	if (!can_wake_all(orders, &choices)) {
		orders->totals.cut_count++;
		return;
	}
	for (size_t i = 0; i < choices.count && !orders->must_stop && !orders->must_begin_again; i++) {
		if (choices.is_asleep[i])
			continue;
		if (!has_step_left(orders)) {
			orders->must_stop = orders->totals.is_limited = true;
			return;
		}
		if (!run_choice_and_search(orders, run_count, &choices, i))
			choices.is_asleep[i] = !orders->request->is_unreduced;
	}
}

struct orders_totals orders_search(struct orders *orders, const struct orders_request *request)
{
	orders->request = request;
	orders->totals = (struct orders_totals){ 0 };
	orders->must_stop = false;
	find_section_ends(orders, request->program);
	find_dependent_calls(orders, request->program);
	find_calls_that_are_fatal_in_line_order(orders, request->program);
	do {
		begin_pass(orders, request->program);
		search_after(orders, 0, 0);
	} while (orders->must_begin_again && !orders->must_stop);
	return orders->totals;
}

struct orders *orders_new(void)
{
	return calloc(1, sizeof(struct orders));
}

void orders_delete(struct orders *orders)
{
	free(orders);
}
