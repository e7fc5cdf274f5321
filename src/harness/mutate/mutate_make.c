/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes new calls. Most new calls succeed and interact with other calls: they use filled handles, ranges
 * within the page, few threads, few small numbers. The remaining new calls have random valid arguments.
 *
 * A failed call does little harm, but a call that breaks a fatal rule ends its program. Therefore new calls
 * break fatal rules more rarely than they fail; other mutations make enough fatal calls.
 */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define PAGE 4096u

/* Of new calls, one in ONE_IN_FAILS fails, and one in ONE_IN_BREAKS_RULE breaks a fatal rule, if possible. */
#define ONE_IN_FAILS       8
#define ONE_IN_BREAKS_RULE 64

const uint16_t mutate_edges[MUTATE_EDGES] = { 0,    1,        2,        PAGE - 2,       PAGE - 1,
					      PAGE, PAGE + 1, 2 * PAGE, NUMBER_SPAN - 1 };

bool mutate_is_valid_number(char argument_letter, uint64_t number)
{
	return number_is_valid(number) && (argument_letter != 'z' || number <= PROGRAM_SLICE_MAX);
}

uint64_t mutate_draw_number(struct mutator *m)
{
	const struct program *program = m->program;
	uint64_t number;
	size_t call_index;

	switch (draw_below(m, 8)) {
	case 0:
	case 1:
		return mutate_edges[draw_below(m, MUTATE_EDGES)];
	case 2:
		return draw_below(m, 64);
	case 3:
		return draw_below(m, PAGE + 1);
	case 4: /* a power of two, or one more or less */
		number = 1ull << draw_below(m, 13);
		return number + draw_below(m, 3) - 1;
	case 5:
	case 6:
		if (!program->count)
			return 0;
		call_index = draw_below(m, program->count);
		return program->calls[call_index].number[draw_below(m, 2)];
	default:
		return number_unpack((uint16_t)random_next(&m->random_state));
	}
}

uint8_t mutate_draw_value_or_flags(struct mutator *m, enum op op)
{
	uint32_t any = draw_below(m, 256);

	if (op != OP_alloc_page)
		return (uint8_t)any;
	/* Most pages are zeroed, because loads from other pages are valid only where bytes were written. */
	return (any & (CALL_GFP_CONTEXT | CALL_GFP_HIGHMEM | CALL_GFP_NOFAIL)) |
	       (draw_once_in(m, 4) ? 0 : CALL_GFP_ZERO);
}

uint8_t mutate_draw_thread(struct mutator *m)
{
	return (uint8_t)random_below(&m->random_state, draw_once_in(m, 8) ? PROGRAM_THREADS : 4);
}

uint8_t mutate_draw_handle(struct mutator *m, const struct abstract_state *state, enum handle_kind kind,
			   bool must_be_free, uint8_t thread)
{
	uint32_t fitting =
		must_be_free ? mutate_find_unfilled_handles(state, kind) : state->usable_handles[kind];
	uint8_t newest = abstract_state_find_newest_map_of_thread(state, thread);

	if (!fitting || draw_once_in(m, ONE_IN_BREAKS_RULE))
		return draw_set_bit_index(m, mutate_get_handle_mask(kind));
	/* Use the lowest unfilled handle, so that different programs use the same handles. */
	if (must_be_free)
		return (uint8_t)__builtin_ctz(fitting);
	/* Often use the newest mapping of the thread, because a thread may unmap only its newest mapping. */
	if (kind == HANDLE_MAP && newest < PROGRAM_MAPS && draw_once_in(m, 2))
		return newest;
	return draw_set_bit_index(m, fitting);
}

static uint8_t draw_locked_or_any_mutex(struct mutator *m, const struct abstract_state *state)
{
	uint32_t locked = 0xf & ~state->usable_handles[HANDLE_MUTEX];

	return locked ? draw_set_bit_index(m, locked) : (uint8_t)draw_below(m, PROGRAM_MUTEXES);
}

/* Mostly sets the thread of the call to the thread that made its mapping or holds its mutex. */
static void set_thread_that_may_use_handles(struct mutator *m, struct call *call,
					    const struct abstract_state *state)
{
	if (draw_once_in(m, ONE_IN_BREAKS_RULE))
		return;
	if (op_table[call->op].argument_kinds[0] == 'k' &&
	    state->usable_handles[HANDLE_MAP] & 1u << call->handle[0])
		call->thread = state->mapping_threads[call->handle[0]];
	if (call->op == OP_unlock)
		call->thread = state->mutex_holders[call->handle[0]];
}

/*
 * Return: mostly a length with which a range that begins at the largest of the first @drawn_number_count
 * numbers ends within the page.
 */
static uint64_t draw_fitting_length(struct mutator *m, const struct call *call,
				    unsigned int drawn_number_count)
{
	uint64_t from = 0, left;

	for (unsigned int i = 0; i < drawn_number_count; i++)
		if (call->number[i] > from)
			from = call->number[i];
	if (from > PAGE || draw_once_in(m, op_is_mapped_access(call->op) ? ONE_IN_BREAKS_RULE : ONE_IN_FAILS))
		return mutate_draw_number(m);
	left = PAGE - from;
	switch (draw_below(m, 4)) {
	case 0:
		return left;
	case 1:
		return draw_below(m, left + 1);
	default:
		return draw_below(m, left < 64 ? left + 1 : 64);
	}
}

/* In a load or store, a number outside of the page breaks a fatal rule, so most such numbers are rejected. */
static bool must_reject_fatal_number(struct mutator *m, const struct call *call, uint64_t number)
{
	return number > PAGE && op_is_mapped_access(call->op) && !draw_once_in(m, ONE_IN_BREAKS_RULE);
}

static uint64_t draw_number_argument(struct mutator *m, const struct call *call,
				     const char *remaining_argument_letters, unsigned int drawn_number_count)
{
	uint64_t number;

	do {
		if (call->op == OP_fail_nth)
			number = draw_below(m, 6);
		else if (*remaining_argument_letters == 'n' && drawn_number_count &&
			 !strchr(remaining_argument_letters + 1, 'n'))
			number = draw_fitting_length(m, call, drawn_number_count); /* lengths come last */
		else
			number = mutate_draw_number(m);
	} while (!mutate_is_valid_number(*remaining_argument_letters, number) ||
		 must_reject_fatal_number(m, call, number));
	return number;
}

/* Mostly gives an atomic access a valid size and an aligned offset; an access without these is skipped. */
static void fit_atomic_size_and_offset(struct mutator *m, struct call *call)
{
	if ((call->op != OP_load_atomic && call->op != OP_store_atomic) || draw_once_in(m, 16))
		return;
	call->number[1] = 1u << draw_below(m, 4);
	call->number[0] -= call->number[0] % call->number[1];
	if (!number_is_valid(call->number[0]))
		call->number[0] = 0;
}

void mutate_make_call(struct mutator *m, struct call *call, enum op op, const struct abstract_state *state)
{
	unsigned int handles = 0, numbers = 0;

	memset(call, 0, sizeof(*call));
	call->op = (uint8_t)op;
	call->expected_result = RESULT_NONE;
	call->thread = mutate_draw_thread(m);
	call->has_fault = op == OP_user_slice && draw_once_in(m, 2);
	for (const char *kind = op_table[op].argument_kinds; *kind; kind++) {
		if (*kind == 'v' || *kind == 'g')
			call->value = mutate_draw_value_or_flags(m, op);
		else if (*kind == 'n' || *kind == 'z' || (*kind == 'f' && call->has_fault))
			call->number[numbers] = draw_number_argument(m, call, kind, numbers), numbers++;
		else if (*kind != 'f')
			call->handle[handles++] = mutate_draw_handle(
				m, state, op_handle_kind_of_letter(*kind), *kind < 'a', call->thread);
	}
	if (op == OP_unlock)
		call->handle[0] = draw_locked_or_any_mutex(m, state);
	set_thread_that_may_use_handles(m, call, state);
	fit_atomic_size_and_offset(m, call);
}
