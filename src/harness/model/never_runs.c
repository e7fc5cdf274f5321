/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * This file first examines the calls that the rule model reached, in the order in which they ran. Calls that
 * the model did not reach, because an earlier call is fatal, follow in the order of their lines. Before an
 * unreached call, a later line of another thread might fill a handle, so this handle counts as filled.
 */
#include "harness/model/never_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A search for calls that every execution skips; calls that never run because of a deadlock are not found. */
struct never_runs_finder {
	const struct program *program;
	/* Bit N: an examined call can run and then fills handle N, unless the call fails. */
	uint32_t maybe_filled_handles[HANDLE_FILLED_KINDS];
	/* Bit N: the rule model ran a call that filled handle N. */
	uint32_t handles_filled_by_model[HANDLE_FILLED_KINDS];
	uint8_t held_mutexes[PROGRAM_THREADS]; /* bit N: the thread holds mutex N */
	bool was_reached[PROGRAM_CALLS];       /* the rule model ran or skipped the call */
	struct never_runs *found;
	size_t found_count;
};

static bool call_fills_handle(const struct call *call, const struct call_handle *handle)
{
	return op_fills_handle(call->op) && call->handle[0] == handle->index &&
	       op_handle_kind_of_letter(op_table[call->op].argument_kinds[0]) == handle->kind;
}

/* Returns whether a call that the model did not reach may fill the handle before call @index runs. */
static bool may_be_filled_before(const struct never_runs_finder *f, size_t index,
				 const struct call_handle *handle)
{
	const struct call *calls = f->program->calls;

	if (f->was_reached[index])
		return false;
	for (size_t i = index + 1; i < f->program->count; i++)
		if (!f->was_reached[i] && calls[i].thread != calls[index].thread &&
		    call_fills_handle(&calls[i], handle))
			return true;
	return false;
}

/* Adds the call to the found calls. Return: always false, so that the caller can return this result. */
static bool add_call_and_return_false(struct never_runs_finder *f, size_t index, enum never_runs_why why,
				      const struct call_handle *handle)
{
	struct never_runs *n = &f->found[f->found_count];

	*n = (struct never_runs){ .call = (uint16_t)index, .why = why };
	if (handle)
		n->handle = *handle;
	for (size_t i = 0; why == NEVER_RUNS_UNFILLED && i < f->found_count; i++)
		if (call_fills_handle(&f->program->calls[f->found[i].call], handle)) {
			n->filling_call = f->found[i].call;
			n->has_filling_call = true;
		}
	f->found_count++;
	return false;
}

static bool check_handle_state(struct never_runs_finder *f, size_t index, const struct call_handle *handle)
{
	uint32_t bit = 1u << handle->index;

	if (handle->kind >= HANDLE_FILLED_KINDS)
		return true;
	if (handle->must_be_free)
		return !(f->handles_filled_by_model[handle->kind] & bit) ||
		       add_call_and_return_false(f, index, NEVER_RUNS_FILLED, handle);
	return f->maybe_filled_handles[handle->kind] & bit || may_be_filled_before(f, index, handle) ||
	       add_call_and_return_false(f, index, NEVER_RUNS_UNFILLED, handle);
}

static void check_and_apply_mutex_call(struct never_runs_finder *f, size_t index)
{
	const struct call *call = &f->program->calls[index];
	uint8_t *held = &f->held_mutexes[call->thread], bit = (uint8_t)(1u << call->handle[0]);

	if (call->op == OP_lock && *held & bit)
		add_call_and_return_false(f, index, NEVER_RUNS_HELD, NULL);
	if (call->op == OP_unlock && !(*held & bit))
		add_call_and_return_false(f, index, NEVER_RUNS_NOT_HELD, NULL);
	if (call->op == OP_lock)
		*held |= bit;
	else
		*held &= (uint8_t)~bit;
}

/* @step: the model's step of the call, or NULL if the model did not reach the call */
static void check_and_apply_call(struct never_runs_finder *f, size_t call_index, const struct step *step)
{
	const struct call *call = &f->program->calls[call_index];
	struct call_handle handles[2];
	unsigned int count = call_get_handles(call, handles);

	for (unsigned int i = 0; i < count; i++)
		if (!check_handle_state(f, call_index, &handles[i]))
			return;
	if (call->op == OP_lock || call->op == OP_unlock)
		check_and_apply_mutex_call(f, call_index);
	if ((call->op == OP_load_atomic || call->op == OP_store_atomic) &&
	    !call_has_aligned_atomic_size(call))
		add_call_and_return_false(f, call_index, NEVER_RUNS_ATOMIC, NULL);
	if (!op_fills_handle(call->op))
		return;
	f->maybe_filled_handles[handles[0].kind] |= 1u << call->handle[0];
	if (step && !step->was_skipped && step->result <= RESULT_0)
		f->handles_filled_by_model[handles[0].kind] |= 1u << call->handle[0];
}

static int compare_by_call_index(const void *a, const void *b)
{
	return ((const struct never_runs *)a)->call - ((const struct never_runs *)b)->call;
}

size_t never_runs_find(const struct program *program, const struct rules *rules,
		       struct never_runs found[PROGRAM_CALLS])
{
	const struct trace *trace = rules_trace(rules);
	struct never_runs_finder f = { .program = program, .found = found };

	for (size_t i = 0; i < trace->step_count; i++)
		f.was_reached[trace->steps[i].call] = true;
	for (size_t i = 0; i < trace->step_count; i++)
		check_and_apply_call(&f, trace->steps[i].call, &trace->steps[i]);
	for (size_t i = 0; i < program->count; i++)
		if (!f.was_reached[i])
			check_and_apply_call(&f, i, NULL);
	qsort(found, f.found_count, sizeof(*found), compare_by_call_index);
	return f.found_count;
}

void never_runs_format_message(const struct program *program, const struct never_runs *never_run_call,
			       char text[NEVER_RUNS_TEXT])
{
	const struct call *call = &program->calls[never_run_call->call];
	int used = snprintf(text, NEVER_RUNS_TEXT, "%s never runs: ", op_table[call->op].name);
	size_t size = NEVER_RUNS_TEXT - (size_t)used;
	uint64_t off = call->number[0], atomic_size = call->number[1];
	char letter = op_handle_letters[never_run_call->handle.kind];

	text += used;
	switch (never_run_call->why) {
	case NEVER_RUNS_UNFILLED:
		used = snprintf(text, size, "no call before it fills %c%u", letter,
				never_run_call->handle.index);
		if (never_run_call->has_filling_call)
			snprintf(text + used, size - (size_t)used, ", as line %u never runs",
				 program->calls[never_run_call->filling_call].line);
		break;
	case NEVER_RUNS_FILLED:
		snprintf(text, size, "%c%u is filled already", letter, never_run_call->handle.index);
		break;
	case NEVER_RUNS_HELD:
		snprintf(text, size, "%s holds m%u already", thread_name(call->thread), call->handle[0]);
		break;
	case NEVER_RUNS_NOT_HELD:
		snprintf(text, size, "%s does not hold m%u", thread_name(call->thread), call->handle[0]);
		break;
	case NEVER_RUNS_ATOMIC:
		if (atomic_size == 1 || atomic_size == 2 || atomic_size == 4 || atomic_size == 8)
			snprintf(text, size, "the offset 0x%" PRIx64 " is no multiple of the size %" PRIu64,
				 off, atomic_size);
		else
			snprintf(text, size, "the size is %" PRIu64 ", expected 1, 2, 4 or 8", atomic_size);
	}
}
