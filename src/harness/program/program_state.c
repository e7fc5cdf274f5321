/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program_state.h"

#include "harness/util/bytes.h"

_Static_assert(SCHEDULE_LINES == PROGRAM_CALLS, "a schedule holds any program");

void program_state_init(struct program_state *state, const struct program *program)
{
	state->program = program;
	bytes_fill(state->is_filled, 0, sizeof(state->is_filled));
	bytes_fill(state->mutex_holders, 0, sizeof(state->mutex_holders));
	bytes_fill(state->semaphore_values, 0, sizeof(state->semaphore_values));
	for (size_t i = 0; i < program->count; i++)
		state->schedule.line_threads[i] = program->calls[i].thread;
	schedule_init(&state->schedule, program->count);
}

static bool is_line_blocked(const void *ctx, size_t line)
{
	const struct program_state *state = ctx;
	const struct call *call = &state->program->calls[line];
	uint8_t handle = call->handle[0];

	if (call->op == OP_wait)
		return !state->semaphore_values[handle];
	return call->op == OP_lock && state->mutex_holders[handle] &&
	       !program_state_holds_mutex(state, call->thread, handle);
}

size_t program_state_take_next_call(struct program_state *state)
{
	return schedule_take_next_line(&state->schedule, is_line_blocked, state);
}

bool program_state_must_skip(const struct program_state *state, const struct call *call)
{
	struct call_handle handles[2];
	unsigned int count = call_get_handles(call, handles);

	for (unsigned int i = 0; i < count; i++)
		if (handles[i].kind < HANDLE_FILLED_KINDS &&
		    state->is_filled[handles[i].kind][handles[i].index] == handles[i].must_be_free)
			return true;
	switch (call->op) {
	case OP_lock:
		return program_state_holds_mutex(state, call->thread, call->handle[0]);
	case OP_unlock:
		return !program_state_holds_mutex(state, call->thread, call->handle[0]);
	case OP_load_atomic:
	case OP_store_atomic:
		return !call_has_aligned_atomic_size(call);
	default:
		return false;
	}
}

void program_state_apply_call(struct program_state *state, const struct call *call, enum result result)
{
	uint8_t handle = call->handle[0];

	if (op_fills_handle(call->op) && result <= RESULT_0)
		state->is_filled[op_handle_kind_of_letter(op_table[call->op].argument_kinds[0])][handle] =
			true;
	if (call->op == OP_lock)
		state->mutex_holders[handle] = call->thread + 1;
	if (call->op == OP_unlock)
		state->mutex_holders[handle] = 0;
	if (call->op == OP_post)
		state->semaphore_values[handle]++;
	if (call->op == OP_wait)
		state->semaphore_values[handle]--;
}

size_t program_state_find_runnable_calls(const struct program_state *state, size_t calls[SCHEDULE_THREADS])
{
	return schedule_find_runnable_lines(&state->schedule, is_line_blocked, state, calls);
}

void program_state_run_call(struct program_state *state, size_t call_index, struct program_state_sync *before)
{
	const struct call *call = &state->program->calls[call_index];

	bytes_copy(before->mutex_holders, state->mutex_holders, sizeof(before->mutex_holders));
	bytes_copy(before->semaphore_values, state->semaphore_values, sizeof(before->semaphore_values));
	schedule_mark_as_run(&state->schedule, call_index);
	if (op_orders_threads(call->op) && !program_state_must_skip(state, call))
		program_state_apply_call(state, call, RESULT_NONE);
}

void program_state_undo_call(struct program_state *state, size_t call_index,
			     const struct program_state_sync *before)
{
	schedule_mark_as_not_run(&state->schedule, call_index);
	bytes_copy(state->mutex_holders, before->mutex_holders, sizeof(before->mutex_holders));
	bytes_copy(state->semaphore_values, before->semaphore_values, sizeof(before->semaphore_values));
}
