/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/happens_before.h"

#include <string.h>

/* The steps that a thread knows of, stored as index + 1; 0 means no step. */
struct knowledge {
	uint16_t last_known_step[PROGRAM_THREADS];
};

struct happens_builder {
	struct knowledge threads[PROGRAM_THREADS];
	/* The knowledge that threads released to each mutex, semaphore or page. */
	struct knowledge objects[HANDLE_KINDS][PROGRAM_PAGES];
};

static void merge_knowledge(struct knowledge *to, const struct knowledge *from)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (to->last_known_step[t] < from->last_known_step[t])
			to->last_known_step[t] = from->last_known_step[t];
}

/* What a call on a mutex, semaphore or page acquires from its object, and releases to it. */
static const struct {
	bool acquires, releases;
	uint8_t released_by; /* the call whose release an acquiring call waits for */
} sync_calls[OP_COUNT] = {
	[OP_lock] = { true, false, OP_unlock },	 [OP_unlock] = { false, true, 0 },
	[OP_wait] = { true, false, OP_post },	 [OP_post] = { false, true, 0 },
	[OP_free_page] = { true, true, OP_free_page },
};

static void apply_step(struct happens_builder *l, size_t index, const struct call *call, bool ran,
		      uint16_t known[PROGRAM_THREADS])
{
	struct knowledge *self = &l->threads[call->thread];
	bool acquires = ran && sync_calls[call->op].acquires;
	bool releases = ran && sync_calls[call->op].releases;
	enum handle_kind kind = op_handle_kind(op_table[call->op].argument_kinds[0]);

	for (unsigned int t = 0; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		merge_knowledge(self, &l->threads[t]);
	if (acquires)
		merge_knowledge(self, &l->objects[kind][call->handle[0]]);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		known[t] = (uint16_t)(self->last_known_step[t] - 1u);
	self->last_known_step[call->thread] = (uint16_t)(index + 1);
	if (releases)
		merge_knowledge(&l->objects[kind][call->handle[0]], self);
	for (unsigned int t = 1; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		merge_knowledge(&l->threads[t], self);
}

void happens_before_init(struct happens_before *happens, const struct program *program,
			 const struct trace *trace, size_t fatal)
{
	static struct happens_builder l;

	memset(&l, 0, sizeof(l));
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
	return sync_calls[to->op].acquires && from->op == sync_calls[to->op].released_by &&
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
