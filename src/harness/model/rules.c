/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a call is judged, in this order:
 *
 *   1. The schedule says which call is next (schedule.h); `main` joins all threads
 *      before it and forks them after it.
 *   2. A call whose handles are not as it needs them, a lock misused or an atomic of
 *      an odd shape is skipped.
 *   3. Bounds: a bad range is EINVAL, or out-of-bounds through a mapping.
 *   4. Fatal rules, in the order that the call names them. The first one ends it all.
 *   5. Effects: injected failure, contents, accesses, order between threads.
 */
#include "harness/model/rules.h"

#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"

/* ---- order ---- */

/* A line of main: all threads so far happen before it ... */
static void join_all(struct rules *r)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		r->threads[t].clock.at[t]++;
		clock_join(&r->threads[THREAD_MAIN].clock, &r->threads[t].clock);
	}
}

/* ... and it happens before all threads from now on. */
static void fork_all(struct rules *r)
{
	r->threads[THREAD_MAIN].clock.at[THREAD_MAIN]++;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		clock_join(&r->threads[t].clock, &r->threads[THREAD_MAIN].clock);
}

static struct model_mutex *mutex_of(struct judged *j)
{
	return &j->rules->mutexes[j->call->handle[0]];
}

static bool holds(const struct model_mutex *mutex, uint8_t thread)
{
	return mutex->held && mutex->owner == thread;
}

enum fate judge_lock(struct judged *j)
{
	struct model_mutex *mutex = mutex_of(j);

	if (holds(mutex, j->call->thread))
		return SKIPPED;
	mutex->held = true;
	mutex->owner = j->call->thread;
	acquire(j, &mutex->clock);
	return RAN;
}

enum fate judge_unlock(struct judged *j)
{
	struct model_mutex *mutex = mutex_of(j);

	if (!holds(mutex, j->call->thread))
		return SKIPPED;
	release(j, &mutex->clock);
	mutex->held = false;
	return RAN;
}

enum fate judge_post(struct judged *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	release(j, &semaphore->clock);
	semaphore->count++;
	return RAN;
}

enum fate judge_wait(struct judged *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	semaphore->count--;
	acquire(j, &semaphore->clock);
	return RAN;
}

static bool would_block(const void *ctx, size_t line)
{
	const struct rules *r = ctx;
	const struct call *call = &r->program->calls[line];
	const struct model_mutex *mutex;

	if (call->op == OP_wait)
		return !r->semaphores[call->handle[0]].count;
	if (call->op != OP_lock)
		return false;
	mutex = &r->mutexes[call->handle[0]];
	return mutex->held && mutex->owner != call->thread;
}

/* ---- one call ---- */

static enum fate (*const judges[OP_COUNT])(struct judged *) = {
#define OP(name, ...) [OP_##name] = judge_##name,
#include "harness/program/ops.def"
#undef OP
};

static bool is_filled(const struct rules *r, char kind, uint8_t handle)
{
	switch (kind | 0x20) {
	case 'p':
		return r->pages[handle].filled;
	case 'k':
		return r->maps[handle].filled;
	case 'u':
		return r->slices[handle].filled;
	default:
		return true;
	}
}

/* Are the handles that the call names filled, and the one that it fills not? */
static bool handles_ready(const struct rules *r, const struct call *call)
{
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++) {
		bool fills = *kind >= 'A' && *kind <= 'Z';

		if (op_handles(*kind) && is_filled(r, *kind, call->handle[handles++]) == fills)
			return false;
	}
	return true;
}

static enum fate judge(struct rules *r, size_t index)
{
	const struct call *call = &r->program->calls[index];
	struct step *step = &r->trace->steps[r->trace->count];
	struct judged j = { r, call, (uint16_t)index, &r->threads[call->thread], step };
	enum fate fate;

	*step = (struct step){ .call = (uint16_t)index, .result = RESULT_NONE };
	if (call->thread == THREAD_MAIN)
		join_all(r);
	fate = handles_ready(r, call) ? judges[call->op](&j) : SKIPPED;
	if (call->thread == THREAD_MAIN)
		fork_all(r);
	step->skipped = fate == SKIPPED;
	if (fate != FATAL)
		r->trace->count++;
	return fate;
}

/* ---- one program ---- */

static void begin(struct rules *r, const struct program *program)
{
	r->program = program;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		r->pages[i].filled = false;
		r->pages[i].refs = 0;
	}
	for (unsigned int i = 0; i < PROGRAM_SLICES; i++)
		r->slices[i].filled = false;
	bytes_fill(r->maps, 0, sizeof(r->maps));
	bytes_fill(r->mutexes, 0, sizeof(r->mutexes));
	bytes_fill(r->semaphores, 0, sizeof(r->semaphores));
	bytes_fill(r->threads, 0, sizeof(r->threads));
	shadow_clear(&r->shadow);
	r->verdict.broken = 0;
	r->verdict.fatal_call = VERDICT_NONE;
	r->verdict.uninit_count = 0;
	for (size_t i = 0; i < program->count; i++)
		r->schedule.thread[i] = program->calls[i].thread;
	schedule_init(&r->schedule, program->count);
	trace_clear(r->trace);
}

static void log_final_pages(struct rules *r)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct model_page *page = &r->pages[i];

		if (!page->refs)
			continue;
		r->trace->pages[i].live = true;
		r->trace->pages[i].refs = (uint16_t)page->refs;
		r->trace->pages[i].at = trace_log(r->trace, PAGE);
		rules_log(r->trace, page, r->trace->pages[i].at, 0, PAGE);
	}
}

static void log_deadlock(struct rules *r)
{
	struct verdict *v = &r->verdict;

	v->broken |= RULE_BIT(RULE_deadlock);
	v->fatal_call = r->schedule.first_left;
	v->fatal_rule = RULE_deadlock;
}

static void log_races(struct rules *r)
{
	if (r->shadow.race_count)
		r->verdict.broken |= RULE_BIT(RULE_data_race);
	shadow_sort(&r->shadow);
}

void rules_judge(struct rules *r, const struct program *program)
{
	size_t index;

	begin(r, program);
	while ((index = schedule_next(&r->schedule, would_block, r)) != SCHEDULE_NONE)
		if (judge(r, index) == FATAL)
			break;
	if (r->verdict.fatal_call == VERDICT_NONE && r->schedule.left)
		log_deadlock(r);
	log_races(r);
	log_final_pages(r);
}

void rules_sift(struct rules *r, const struct program *program, bool *fatal)
{
	size_t index;

	begin(r, program);
	while ((index = schedule_next(&r->schedule, would_block, r)) != SCHEDULE_NONE)
		if (judge(r, index) == FATAL)
			fatal[index] = true;
	if (r->schedule.left) {
		log_deadlock(r);
		fatal[r->schedule.first_left] = true;
	}
	log_races(r);
	if (!r->verdict.broken)
		log_final_pages(r);
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
	shadow_release(&r->shadow);
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
