/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Evaluates a program. For each call, in this order:
 *
 * 1. The schedule chooses the next call (schedule.h). A line of main is ordered after all calls that ran
 *    before it, and before all calls that run after it.
 * 2. A call is skipped if a handle of the call is not in the required state, if the call misuses a mutex, or
 *    if its atomic access has an unsupported size or alignment.
 * 3. Bounds: if the range is not inside the page, the result is EINVAL; a load or store breaks the rule
 *    out-of-bounds instead.
 * 4. Fatal rules, in the order in which the call's function tests them. The first broken fatal rule ends the
 *    evaluation.
 * 5. Effects of the call: injected failure, contents of pages, accesses, order between threads.
 */
#include "harness/model/rules.h"

#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/util/sparse_memory.h"
#include "harness/model/rules_state.h"

/* ---- order ---- */

/* Makes all earlier calls of all threads happen before the line of main that runs next. */
static void join_clocks_into_main(struct rules *rules)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		rules->threads[t].clock.known_releases[t]++;
		clock_join(&rules->threads[THREAD_MAIN].clock, &rules->threads[t].clock);
	}
}

/* Makes the line of main that just ran happen before all later calls of all threads. */
static void join_main_clock_into_threads(struct rules *rules)
{
	rules->threads[THREAD_MAIN].clock.known_releases[THREAD_MAIN]++;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		clock_join(&rules->threads[t].clock, &rules->threads[THREAD_MAIN].clock);
}

/* Return: the clock of the mutex or semaphore that the call uses. */
static struct clock *find_sync_clock(struct evaluation *eval)
{
	enum handle_kind kind = op_handle_kind_of_letter(op_table[eval->call->op].argument_kinds[0]);

	return &eval->rules->sync_clocks[kind == HANDLE_MUTEX][eval->call->handle[0]];
}

void evaluate_lock(struct evaluation *eval)
{
	acquire_clock(eval, find_sync_clock(eval));
}

void evaluate_unlock(struct evaluation *eval)
{
	release_clock(eval, find_sync_clock(eval));
}

/* ---- one call ---- */

static void (*const evaluators[OP_COUNT])(struct evaluation *) = {
#define OP(name, ...) [OP_##name] = evaluate_##name,
#include "harness/program/ops.def"
};

/* Return: false if the call breaks a fatal rule. */
static bool evaluate_call(struct rules *rules, size_t call_index)
{
	const struct call *call = &rules->state.program->calls[call_index];
	struct step *step = &rules->trace->steps[rules->trace->step_count];
	struct evaluation eval = { rules, call, (uint16_t)call_index, &rules->threads[call->thread], step };

	*step = (struct step){ .call = (uint16_t)call_index, .result = RESULT_NONE };
	step->was_skipped = program_state_must_skip(&rules->state, call);
	if (call->thread == THREAD_MAIN)
		join_clocks_into_main(rules);
	if (!step->was_skipped) {
		step->result = op_table[call->op].has_result ? RESULT_0 : RESULT_NONE;
		evaluators[call->op](&eval);
	}
	if (call->thread == THREAD_MAIN)
		join_main_clock_into_threads(rules);
	if (rules->verdict.fatal_call == call_index)
		return false;
	if (!step->was_skipped)
		program_state_apply_call(&rules->state, call, step->result);
	rules->trace->step_count++;
	return true;
}

/* ---- one program ---- */

static void reset_for_program(struct rules *rules, const struct program *program)
{
	program_state_init(&rules->state, program);
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		rules->pages[i].ref_count = 0;
	bytes_fill(rules->maps, 0, sizeof(rules->maps));
	bytes_fill(rules->sync_clocks, 0, sizeof(rules->sync_clocks));
	bytes_fill(rules->threads, 0, sizeof(rules->threads));
	rules->access_log->access_count = rules->access_log->race_count = 0;
	rules->access_log->has_contended_atomics = false;
	rules->allocation_count = rules->undecided_allocation_count = 0;
	rules->verdict.broken = 0;
	rules->verdict.fatal_call = VERDICT_NONE;
	rules->verdict.uninit_use_count = 0;
	trace_clear(rules->trace);
}

static void record_final_pages(struct rules *rules)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct model_page *page = &rules->pages[i];

		if (!page->ref_count)
			continue;
		rules->trace->pages[i].live = true;
		rules->trace->pages[i].refs = (uint16_t)page->ref_count;
		rules->trace->pages[i].at = trace_reserve_log(rules->trace, PAGE);
		rules_copy_to_log(rules->trace, page, rules->trace->pages[i].at, 0, PAGE);
	}
}

void rules_evaluate_past_fatal_calls(struct rules *rules, const struct program *program,
				     bool fatal_calls[PROGRAM_CALLS])
{
	size_t call_index;

	reset_for_program(rules, program);
	while ((call_index = program_state_take_next_call(&rules->state)) != SCHEDULE_NONE) {
		if (evaluate_call(rules, call_index))
			continue;
		if (!fatal_calls)
			break;
		fatal_calls[call_index] = true;
	}
	if (rules->state.schedule.remaining_count &&
	    (fatal_calls || rules->verdict.fatal_call == VERDICT_NONE)) {
		rules->verdict.broken |= RULE_BIT(RULE_deadlock);
		rules->verdict.fatal_call = rules->state.schedule.first_remaining;
		rules->verdict.fatal_rule = RULE_deadlock;
		if (fatal_calls)
			fatal_calls[rules->verdict.fatal_call] = true;
	}
	if (rules->access_log->race_count)
		rules->verdict.broken |= RULE_BIT(RULE_data_race);
	access_log_sort_races(rules->access_log);
	if (!fatal_calls || !rules->verdict.broken)
		record_final_pages(rules);
}

void rules_evaluate(struct rules *rules, const struct program *program)
{
	rules_evaluate_past_fatal_calls(rules, program, NULL);
}

struct rules *rules_new(void)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->trace = trace_new();
	rules->access_log = sparse_memory_new(sizeof(*rules->access_log));
	rules->page_limit = RULES_UNLIMITED_PAGES;
	if (rules->trace && rules->access_log)
		return rules;
	rules_delete(rules);
	return NULL;
}

void rules_allow_short_user_copies(struct rules *rules, bool is_allowed)
{
	rules->user_copy_may_stop_early = is_allowed;
}

void rules_limit_pages(struct rules *rules, unsigned int count, uint64_t failing)
{
	rules->page_limit = count;
	rules->failing_allocations = failing;
}

unsigned int rules_count_undecided_allocations(const struct rules *rules)
{
	return rules->undecided_allocation_count;
}

void rules_delete(struct rules *rules)
{
	if (!rules)
		return;
	sparse_memory_free(rules->access_log, sizeof(*rules->access_log));
	trace_delete(rules->trace);
	free(rules);
}

const struct verdict *rules_verdict(const struct rules *rules)
{
	return &rules->verdict;
}

const struct trace *rules_trace(const struct rules *rules)
{
	return rules->trace;
}

const struct access_log *rules_access_log(const struct rules *rules)
{
	return rules->access_log;
}
