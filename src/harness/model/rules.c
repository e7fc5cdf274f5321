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

static struct model_mutex *find_mutex(struct evaluation *j)
{
	return &j->rules->mutexes[j->call->handle[0]];
}

static bool is_held_by(const struct model_mutex *mutex, uint8_t thread)
{
	return mutex->is_held && mutex->owner == thread;
}

enum call_outcome evaluate_lock(struct evaluation *j)
{
	struct model_mutex *mutex = find_mutex(j);

	if (is_held_by(mutex, j->call->thread))
		return CALL_SKIPPED;
	mutex->is_held = true;
	mutex->owner = j->call->thread;
	acquire_clock(j, &mutex->clock);
	return CALL_RAN;
}

enum call_outcome evaluate_unlock(struct evaluation *j)
{
	struct model_mutex *mutex = find_mutex(j);

	if (!is_held_by(mutex, j->call->thread))
		return CALL_SKIPPED;
	release_clock(j, &mutex->clock);
	mutex->is_held = false;
	return CALL_RAN;
}

enum call_outcome evaluate_post(struct evaluation *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	release_clock(j, &semaphore->clock);
	semaphore->post_count++;
	return CALL_RAN;
}

enum call_outcome evaluate_wait(struct evaluation *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	semaphore->post_count--;
	acquire_clock(j, &semaphore->clock);
	return CALL_RAN;
}

static bool would_block(const void *ctx, size_t line)
{
	const struct rules *r = ctx;
	const struct call *call = &r->program->calls[line];
	const struct model_mutex *mutex;

	if (call->op == OP_wait)
		return !r->semaphores[call->handle[0]].post_count;
	if (call->op != OP_lock)
		return false;
	mutex = &r->mutexes[call->handle[0]];
	return mutex->is_held && mutex->owner != call->thread;
}

/* ---- one call ---- */

static enum call_outcome (*const evaluators[OP_COUNT])(struct evaluation *) = {
#define OP(name, ...) [OP_##name] = evaluate_##name,
#include "harness/program/ops.def"
#undef OP
};

static bool is_handle_filled(const void *ctx, char kind, uint8_t handle)
{
	const struct rules *r = ctx;

	switch (kind) {
	case 'p':
		return r->pages[handle].is_filled;
	case 'k':
		return r->maps[handle].is_filled;
	default:
		return r->slices[handle].is_filled;
	}
}

static enum call_outcome evaluate_call(struct rules *r, size_t index)
{
	const struct call *call = &r->program->calls[index];
	struct step *step = &r->trace->steps[r->trace->step_count];
	struct evaluation j = { r, call, (uint16_t)index, &r->threads[call->thread], step };
	enum call_outcome outcome;

	*step = (struct step){ .call = (uint16_t)index, .result = RESULT_NONE };
	if (call->thread == THREAD_MAIN)
		join_all_threads(r);
	outcome = call_handles_ready(call, is_handle_filled, r) ? evaluators[call->op](&j)
								: CALL_SKIPPED;
	if (call->thread == THREAD_MAIN)
		fork_all_threads(r);
	step->was_skipped = outcome == CALL_SKIPPED;
	if (outcome != CALL_FATAL)
		r->trace->step_count++;
	return outcome;
}

/* ---- one program ---- */

static void init_evaluation(struct rules *r, const struct program *program)
{
	r->program = program;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		r->pages[i].is_filled = false;
		r->pages[i].ref_count = 0;
	}
	for (unsigned int i = 0; i < PROGRAM_SLICES; i++)
		r->slices[i].is_filled = false;
	bytes_fill(r->maps, 0, sizeof(r->maps));
	bytes_fill(r->mutexes, 0, sizeof(r->mutexes));
	bytes_fill(r->semaphores, 0, sizeof(r->semaphores));
	bytes_fill(r->threads, 0, sizeof(r->threads));
	shadow_clear(&r->shadow);
	r->verdict.broken = 0;
	r->verdict.fatal_call = VERDICT_NONE;
	r->verdict.uninit_count = 0;
	for (size_t i = 0; i < program->count; i++)
		r->schedule.line_thread[i] = program->calls[i].thread;
	schedule_init(&r->schedule, program->count);
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
	v->fatal_call = r->schedule.first_remaining;
	v->fatal_rule = RULE_deadlock;
}

static void record_races(struct rules *r)
{
	if (r->shadow.race_count)
		r->verdict.broken |= RULE_BIT(RULE_data_race);
	shadow_sort_races(&r->shadow);
}

void rules_evaluate(struct rules *r, const struct program *program)
{
	size_t call_index;

	init_evaluation(r, program);
	while ((call_index = schedule_next(&r->schedule, would_block, r)) != SCHEDULE_NONE)
		if (evaluate_call(r, call_index) == CALL_FATAL)
			break;
	if (r->verdict.fatal_call == VERDICT_NONE && r->schedule.remaining_count)
		record_deadlock(r);
	record_races(r);
	record_final_pages(r);
}

void rules_find_fatal_calls(struct rules *r, const struct program *program, bool *fatal)
{
	size_t call_index;

	init_evaluation(r, program);
	while ((call_index = schedule_next(&r->schedule, would_block, r)) != SCHEDULE_NONE)
		if (evaluate_call(r, call_index) == CALL_FATAL)
			fatal[call_index] = true;
	if (r->schedule.remaining_count) {
		record_deadlock(r);
		fatal[r->schedule.first_remaining] = true;
	}
	record_races(r);
	if (!r->verdict.broken)
		record_final_pages(r);
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
