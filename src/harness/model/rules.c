/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Evaluates a program. For each call, in this order:
 *
 * 1. The schedule chooses the next call (schedule.h). A line of main joins all threads before it,
 *    and forks them after it.
 * 2. A call is skipped if a handle is not in the required state, if it misuses a lock, or if its
 *    atomic access has an unsupported size or alignment.
 * 3. Bounds: a range outside of the page is EINVAL, or out-of-bounds through a mapping.
 * 4. Fatal rules, in the order in which the call's function tests them. The first one ends the
 *    evaluation.
 * 5. Effects: injected failure, contents, accesses, order between threads.
 */
#include "harness/model/rules.h"

#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"

/* ---- order ---- */

/* Called at a line of main: all earlier calls of all threads happen before this line. */
static void join_all_threads(struct rules *r)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		r->threads[t].clock.epochs[t]++;
		clock_join(&r->threads[THREAD_MAIN].clock, &r->threads[t].clock);
	}
}

/* A line of main happens before everything that threads do later. */
static void fork_all_threads(struct rules *r)
{
	r->threads[THREAD_MAIN].clock.epochs[THREAD_MAIN]++;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		clock_join(&r->threads[t].clock, &r->threads[THREAD_MAIN].clock);
}

void evaluate_lock(struct evaluation *j)
{
	acquire_clock(j, &j->rules->mutex_clocks[j->call->handle[0]]);
}

void evaluate_unlock(struct evaluation *j)
{
	release_clock(j, &j->rules->mutex_clocks[j->call->handle[0]]);
}

void evaluate_post(struct evaluation *j)
{
	release_clock(j, &j->rules->semaphore_clocks[j->call->handle[0]]);
}

void evaluate_wait(struct evaluation *j)
{
	acquire_clock(j, &j->rules->semaphore_clocks[j->call->handle[0]]);
}

/* ---- one call ---- */

static void (*const evaluators[OP_COUNT])(struct evaluation *) = {
#define OP(name, ...) [OP_##name] = evaluate_##name,
#include "harness/program/ops.def"
#undef OP
};

/* Return: false if the call breaks a fatal rule. */
static bool evaluate_call(struct rules *r, size_t index)
{
	const struct call *call = &r->state.program->calls[index];
	struct step *step = &r->trace->steps[r->trace->step_count];
	struct evaluation j = { r, call, (uint16_t)index, &r->threads[call->thread], step };

	*step = (struct step){ .call = (uint16_t)index, .result = RESULT_NONE };
	step->was_skipped = program_state_skips(&r->state, call);
	if (call->thread == THREAD_MAIN)
		join_all_threads(r);
	if (!step->was_skipped) {
		step->result = op_table[call->op].has_result ? RESULT_0 : RESULT_NONE;
		evaluators[call->op](&j);
	}
	if (call->thread == THREAD_MAIN)
		fork_all_threads(r);
	if (r->verdict.fatal_call == index)
		return false;
	if (!step->was_skipped)
		program_state_apply(&r->state, call, step->result);
	r->trace->step_count++;
	return true;
}

/* ---- one program ---- */

static void init_evaluation(struct rules *r, const struct program *program)
{
	program_state_init(&r->state, program);
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		r->pages[i].ref_count = 0;
	bytes_fill(r->maps, 0, sizeof(r->maps));
	bytes_fill(r->mutex_clocks, 0, sizeof(r->mutex_clocks));
	bytes_fill(r->semaphore_clocks, 0, sizeof(r->semaphore_clocks));
	bytes_fill(r->threads, 0, sizeof(r->threads));
	shadow_clear(&r->shadow);
	r->verdict.broken = 0;
	r->verdict.fatal_call = VERDICT_NONE;
	r->verdict.uninit_count = 0;
	trace_clear(r->trace);
}

static void record_final_pages(struct rules *r)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct model_page *page = &r->pages[i];

		if (!page->ref_count)
			continue;
		r->trace->pages[i].live = true;
		r->trace->pages[i].refs = (uint16_t)page->ref_count;
		r->trace->pages[i].at = trace_reserve_log(r->trace, PAGE);
		rules_append_log(r->trace, page, r->trace->pages[i].at, 0, PAGE);
	}
}

static void record_deadlock(struct rules *r)
{
	struct verdict *v = &r->verdict;

	v->broken |= RULE_BIT(RULE_deadlock);
	v->fatal_call = r->state.schedule.first_remaining;
	v->fatal_rule = RULE_deadlock;
}

/* @fatal: NULL: the first fatal call ends the evaluation; otherwise as rules_find_fatal_calls() */
static void evaluate_calls(struct rules *r, const struct program *program, bool *fatal)
{
	size_t call_index;

	init_evaluation(r, program);
	while ((call_index = program_state_next_call(&r->state)) != SCHEDULE_NONE) {
		if (evaluate_call(r, call_index))
			continue;
		if (!fatal)
			break;
		fatal[call_index] = true;
	}
	if (r->state.schedule.remaining_count && (fatal || r->verdict.fatal_call == VERDICT_NONE)) {
		record_deadlock(r);
		if (fatal)
			fatal[r->verdict.fatal_call] = true;
	}
	if (r->shadow.race_count)
		r->verdict.broken |= RULE_BIT(RULE_data_race);
	shadow_sort_races(&r->shadow);
	if (!fatal || !r->verdict.broken)
		record_final_pages(r);
}

void rules_evaluate(struct rules *r, const struct program *program)
{
	evaluate_calls(r, program, NULL);
}

void rules_find_fatal_calls(struct rules *r, const struct program *program, bool *fatal)
{
	evaluate_calls(r, program, fatal);
}

struct rules *rules_new(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->trace = trace_new();
	if (shadow_init(&r->shadow) && r->trace)
		return r;
	rules_delete(r);
	return NULL;
}

void rules_delete(struct rules *r)
{
	if (!r)
		return;
	shadow_destroy(&r->shadow);
	trace_delete(r->trace);
	free(r);
}

const struct verdict *rules_verdict(const struct rules *r)
{
	return &r->verdict;
}

const struct trace *rules_trace(const struct rules *r)
{
	return r->trace;
}

const struct shadow *rules_shadow(const struct rules *r)
{
	return &r->shadow;
}
