/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/happens_before.h"

#include <string.h>

/* The steps that a thread knows of, stored as index + 1; 0 means no step. */
struct knowledge {
	uint16_t last_known_step[PROGRAM_THREADS];
};

struct happens_builder {
	const struct program *program;
	struct knowledge threads[PROGRAM_THREADS];
	struct knowledge mutexes[PROGRAM_MUTEXES];
	struct knowledge semaphores[PROGRAM_SEMAPHORES];
	struct knowledge pages[PROGRAM_PAGES]; /* knowledge of all threads that dropped the page */
};

static void merge_knowledge(struct knowledge *to, const struct knowledge *from)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (to->last_known_step[t] < from->last_known_step[t])
			to->last_known_step[t] = from->last_known_step[t];
}

/*
 * Returns the knowledge of the mutex, semaphore or page that the call uses; NULL for other calls.
 */
static struct knowledge *find_knowledge(struct happens_builder *l, const struct call *call)
{
	switch ((enum op)call->op) {
	case OP_lock:
	case OP_unlock:
		return &l->mutexes[call->handle[0]];
	case OP_post:
	case OP_wait:
		return &l->semaphores[call->handle[0]];
	case OP_free_page:
		return &l->pages[call->handle[0]];
	default:
		return NULL;
	}
}

static bool is_acquire(enum op op)
{
	return op == OP_lock || op == OP_wait || op == OP_free_page;
}

static bool is_release(enum op op)
{
	return op == OP_unlock || op == OP_post || op == OP_free_page;
}

static void apply_step(struct happens_builder *l, size_t index, const struct call *call, bool ran,
		      uint16_t known[PROGRAM_THREADS])
{
	struct knowledge *self = &l->threads[call->thread];
	struct knowledge *left = ran ? find_knowledge(l, call) : NULL;

	for (unsigned int t = 0; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		merge_knowledge(self, &l->threads[t]);
	if (left && is_acquire(call->op))
		merge_knowledge(self, left);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		known[t] = (uint16_t)(self->last_known_step[t] - 1u);
	self->last_known_step[call->thread] = (uint16_t)(index + 1);
	if (left && is_release(call->op))
		merge_knowledge(left, self);
	for (unsigned int t = 1; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		merge_knowledge(&l->threads[t], self);
}

void happens_before_init(struct happens_before *happens, const struct program *program,
			 const struct trace *trace, size_t fatal)
{
	static struct happens_builder l;

	memset(&l, 0, sizeof(l));
	l.program = program;
	for (size_t i = 0; i < trace->step_count; i++)
		apply_step(&l, i, &program->calls[trace->steps[i].call],
			   !trace->steps[i].was_skipped, happens->last_known_step[i]);
	if (fatal != SIZE_MAX)
		apply_step(&l, trace->step_count, &program->calls[fatal], false,
			  happens->last_known_step[trace->step_count]);
}

bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t a, size_t b)
{
	uint16_t known = happens->last_known_step[b][program->calls[trace->steps[a].call].thread];

	return known != HAPPENS_BEFORE_NONE && known >= a;
}

/* Returns whether the call @to acquires what the call @from released. */
static bool is_release_to_acquire(const struct call *from, const struct call *to)
{
	static const uint8_t source[OP_COUNT] = {
		[OP_lock] = OP_unlock,
		[OP_wait] = OP_post,
		[OP_free_page] = OP_free_page,
	};

	return is_acquire(to->op) && from->op == source[to->op] &&
	       from->handle[0] == to->handle[0];
}

size_t happens_before_find_edges(const struct program *program, const struct trace *trace,
				 size_t step, uint16_t from[PROGRAM_THREADS])
{
	const struct call *to = &program->calls[trace->steps[step].call];
	unsigned int seen = 1u << to->thread;
	size_t count = 0;

	if (to->thread == THREAD_MAIN || trace->steps[step].was_skipped)
		return 0;
	while (step--) {
		const struct call *call = &program->calls[trace->steps[step].call];

		if (call->thread == THREAD_MAIN)
			break;
		if (trace->steps[step].was_skipped || !is_release_to_acquire(call, to))
			continue;
		if (!(seen & 1u << call->thread))
			from[count++] = (uint16_t)step;
		seen |= 1u << call->thread;
		if (to->op == OP_lock) /* the last unlock comes after all earlier unlocks */
			break;
	}
	return count;
}
