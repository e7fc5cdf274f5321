/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds calls that can never run. Calls are examined in the order in which they run: first those
 * that the model ran. Calls after a fatal call follow in the order of their lines; there a handle
 * counts as filled if a call of another thread might fill it first.
 */
#include "harness/model/never_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 3

struct finder {
	const struct program *program;
	uint32_t maybe_filled_handles[KINDS];	/* bit N: a call that runs fills handle N, or fails to */
	uint32_t filled_handles[KINDS]; /* bit N: a call that runs fills handle N */
	uint8_t held_mutexes[PROGRAM_THREADS];
	bool was_reached[PROGRAM_CALLS];
	struct never_runs *found;
	size_t found_count;
};

static bool is_filling_kind(char kind)
{
	return kind >= 'A' && kind <= 'Z';
}

/* Returns the index of the handle's kind if calls fill it, or KINDS. */
static unsigned int find_kind_index(char kind)
{
	switch (kind | 0x20) {
	case 'p':
		return 0;
	case 'k':
		return 1;
	case 'u':
		return 2;
	default:
		return KINDS;
	}
}

static bool call_fills_handle(const struct call *call, char kind, uint8_t handle)
{
	char first = op_table[call->op].argument_kinds[0];

	return is_filling_kind(first) && (first | 0x20) == (kind | 0x20) &&
	       call->handle[0] == handle;
}

/*
 * Returns whether a call that the model did not reach may fill the handle before call @index runs.
 */
static bool may_be_filled_before(const struct finder *f, size_t index, char kind, uint8_t handle)
{
	const struct call *calls = f->program->calls;

	for (size_t i = 0; i < f->program->count; i++)
		if (!f->was_reached[i] && i > index && calls[i].thread != calls[index].thread &&
		    call_fills_handle(&calls[i], kind, handle))
			return true;
	return false;
}

static void add_never_run_call(struct finder *f, size_t index, enum never_runs_why why, char kind,
			       uint8_t handle)
{
	struct never_runs *n = &f->found[f->found_count++];

	*n = (struct never_runs){ (uint16_t)index, why, kind, handle, 0, false };
	for (size_t i = 0; why == NEVER_RUNS_UNFILLED && i + 1 < f->found_count; i++)
		if (call_fills_handle(&f->program->calls[f->found[i].call], kind, handle)) {
			n->filling_call = f->found[i].call;
			n->has_filling_call = true;
		}
}

/* Return: false if the call's handles prevent it from running. */
static bool handles_allow_call(struct finder *f, size_t index)
{
	const struct call *call = &f->program->calls[index];
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].argument_kinds; *kind; kind++) {
		unsigned int index_of_kind = find_kind_index(*kind);
		uint8_t handle;

		if (!op_handle_count(*kind))
			continue;
		handle = call->handle[handles++];
		if (index_of_kind == KINDS)
			continue;
		if (is_filling_kind(*kind) && f->filled_handles[index_of_kind] & 1u << handle)
			add_never_run_call(f, index, NEVER_RUNS_FILLED, *kind, handle);
		else if (!is_filling_kind(*kind) &&
			 !(f->maybe_filled_handles[index_of_kind] & 1u << handle) &&
			 (f->was_reached[index] || !may_be_filled_before(f, index, *kind, handle)))
			add_never_run_call(f, index, NEVER_RUNS_UNFILLED, *kind, handle);
		else
			continue;
		return false;
	}
	return true;
}

static void check_mutex(struct finder *f, size_t index)
{
	const struct call *call = &f->program->calls[index];
	uint8_t *held = &f->held_mutexes[call->thread], bit = (uint8_t)(1u << call->handle[0]);

	if (call->op == OP_lock && *held & bit)
		add_never_run_call(f, index, NEVER_RUNS_HELD, 'm', call->handle[0]);
	if (call->op == OP_unlock && !(*held & bit))
		add_never_run_call(f, index, NEVER_RUNS_NOT_HELD, 'm', call->handle[0]);
	if (call->op == OP_lock)
		*held |= bit;
	else
		*held &= (uint8_t)~bit;
}

/* @step: the model's step of the call, or NULL */
static void check_call(struct finder *f, size_t index, const struct step *step)
{
	const struct call *call = &f->program->calls[index];
	char first = op_table[call->op].argument_kinds[0];

	if (!handles_allow_call(f, index))
		return;
	if (call->op == OP_lock || call->op == OP_unlock)
		check_mutex(f, index);
	if ((call->op == OP_load_atomic || call->op == OP_store_atomic) &&
	    !call_has_atomic_range(call))
		add_never_run_call(f, index, NEVER_RUNS_ATOMIC, 'k', call->handle[0]);
	if (!is_filling_kind(first))
		return;
	f->maybe_filled_handles[find_kind_index(first)] |= 1u << call->handle[0];
	if (step && !step->was_skipped && step->result <= RESULT_0)
		f->filled_handles[find_kind_index(first)] |= 1u << call->handle[0];
}

static int compare_call_index(const void *a, const void *b)
{
	return ((const struct never_runs *)a)->call - ((const struct never_runs *)b)->call;
}

size_t never_runs_find(const struct program *program, const struct rules *rules,
		       struct never_runs found[PROGRAM_CALLS])
{
	const struct trace *trace = rules_trace(rules);
	struct finder f = { .program = program, .found = found };

	for (size_t i = 0; i < trace->step_count; i++)
		f.was_reached[trace->steps[i].call] = true;
	for (size_t i = 0; i < trace->step_count; i++)
		check_call(&f, trace->steps[i].call, &trace->steps[i]);
	for (size_t i = 0; i < program->count; i++)
		if (!f.was_reached[i])
			check_call(&f, i, NULL);
	qsort(found, f.found_count, sizeof(*found), compare_call_index);
	return f.found_count;
}

/* ---- text ---- */

static void format_atomic_reason(const struct call *call, char text[NEVER_RUNS_TEXT])
{
	uint64_t size = call->number[1];

	if (size == 1 || size == 2 || size == 4 || size == 8)
		snprintf(text, NEVER_RUNS_TEXT,
			 "the offset 0x%" PRIx64 " is no multiple of the size %" PRIu64,
			 call->number[0], call->number[1]);
	else
		snprintf(text, NEVER_RUNS_TEXT, "the size is %" PRIu64 ", expected 1, 2, 4 or 8",
			 call->number[1]);
}

static void format_mutex_reason(const struct call *call, bool held, char text[NEVER_RUNS_TEXT])
{
	snprintf(text, NEVER_RUNS_TEXT, held ? "%s holds m%u already" : "%s does not hold m%u",
		 thread_name(call->thread), call->handle[0]);
}

static void format_handle_reason(const struct program *program, const struct never_runs *n,
			char text[NEVER_RUNS_TEXT])
{
	char kind = (char)(n->kind | 0x20), by[64] = "";

	if (n->has_filling_call)
		snprintf(by, sizeof(by), ", as line %u never runs",
			 program->calls[n->filling_call].line);
	if (n->why == NEVER_RUNS_FILLED)
		snprintf(text, NEVER_RUNS_TEXT, "%c%u is filled already", kind, n->handle);
	else
		snprintf(text, NEVER_RUNS_TEXT, "no call before it fills %c%u%s", kind, n->handle, by);
}

void never_runs_text(const struct program *program, const struct never_runs *n,
		     char text[NEVER_RUNS_TEXT])
{
	const struct call *call = &program->calls[n->call];
	char reason_text[NEVER_RUNS_TEXT];

	if (n->why == NEVER_RUNS_ATOMIC)
		format_atomic_reason(call, reason_text);
	else if (n->why == NEVER_RUNS_HELD || n->why == NEVER_RUNS_NOT_HELD)
		format_mutex_reason(call, n->why == NEVER_RUNS_HELD, reason_text);
	else
		format_handle_reason(program, n, reason_text);
	snprintf(text, NEVER_RUNS_TEXT, "%s never runs: %.120s", op_table[call->op].name,
		 reason_text);
}
