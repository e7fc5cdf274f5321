/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/happens_before.h"

#include <string.h>

/* Steps that a thread or an object knows: of each thread, all steps up to the last known step. */
struct known_steps {
	uint16_t last_step_plus_1[PROGRAM_THREADS]; /* index + 1 of the last known step; 0: none */
};

struct happens_builder {
	struct known_steps threads[PROGRAM_THREADS];
	/* For each mutex, semaphore or page: the steps that threads released to this object. */
	struct known_steps objects[HANDLE_KINDS][PROGRAM_PAGES];
};

static void add_known_steps(struct known_steps *to, const struct known_steps *from)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (to->last_step_plus_1[t] < from->last_step_plus_1[t])
			to->last_step_plus_1[t] = from->last_step_plus_1[t];
}

/* Whether a call acquires the steps that its object knows, and releases the caller's steps to the object. */
static const struct {
	bool acquires, releases;
	uint8_t releasing_op; /* enum op: the call acquires the releases of calls with this op */
} sync_calls[OP_COUNT] = {
	[OP_lock] = { true, false, OP_unlock },        [OP_unlock] = { false, true, 0 },
	[OP_wait] = { true, false, OP_post },          [OP_post] = { false, true, 0 },
	[OP_free_page] = { true, true, OP_free_page },
};

static void apply_step(struct happens_builder *builder, size_t step_index, const struct call *call, bool ran,
		       uint16_t last_step_index_before[PROGRAM_THREADS])
{
	struct known_steps *self = &builder->threads[call->thread];
	bool acquires = ran && sync_calls[call->op].acquires;
	bool releases = ran && sync_calls[call->op].releases;
	enum handle_kind kind = op_handle_kind_of_letter(op_table[call->op].argument_kinds[0]);

	for (unsigned int t = 0; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		add_known_steps(self, &builder->threads[t]);
	if (acquires)
		add_known_steps(self, &builder->objects[kind][call->handle[0]]);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		last_step_index_before[t] = (uint16_t)(self->last_step_plus_1[t] - 1u);
	self->last_step_plus_1[call->thread] = (uint16_t)(step_index + 1);
	if (releases)
		add_known_steps(&builder->objects[kind][call->handle[0]], self);
	for (unsigned int t = 1; call->thread == THREAD_MAIN && t < PROGRAM_THREADS; t++)
		add_known_steps(&builder->threads[t], self);
}

void happens_before_compute(struct happens_before *happens, const struct program *program,
			    const struct trace *trace, size_t fatal_call_after_trace)
{
	static struct happens_builder builder;

	memset(&builder, 0, sizeof(builder));
	for (size_t i = 0; i < trace->step_count; i++)
		apply_step(&builder, i, &program->calls[trace->steps[i].call], !trace->steps[i].was_skipped,
			   happens->last_step_index_before[i]);
	if (fatal_call_after_trace != SIZE_MAX)
		apply_step(&builder, trace->step_count, &program->calls[fatal_call_after_trace], false,
			   happens->last_step_index_before[trace->step_count]);
}

bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t earlier_step, size_t later_step)
{
	uint8_t thread = program->calls[trace->steps[earlier_step].call].thread;
	uint16_t last_step = happens->last_step_index_before[later_step][thread];

	return last_step != HAPPENS_BEFORE_NONE && last_step >= earlier_step;
}

size_t happens_before_find_acquired_steps(const struct program *program, const struct trace *trace,
					  size_t step, uint16_t from_steps[PROGRAM_THREADS])
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
		if (trace->steps[step].was_skipped || call->handle[0] != to->handle[0] ||
		    !sync_calls[to->op].acquires || call->op != sync_calls[to->op].releasing_op)
			continue;
		if (!(seen & 1u << call->thread))
			from_steps[count++] = (uint16_t)step;
		seen |= 1u << call->thread;
		if (to->op == OP_lock) /* the last unlock happens after all earlier unlocks */
			break;
	}
	return count;
}
