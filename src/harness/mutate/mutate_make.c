/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes new calls. Most of them succeed and interact with others: filled handles, ranges within the
 * page, few threads, few small numbers. The rest is any valid call.
 *
 * A failed call does little harm, but a call that breaks a fatal rule ends its program. So the
 * latter is rarer; other mutations make enough of them.
 */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define PAGE 4096u

/*
 * 1 of ONE_IN_FAILS new calls fails, and 1 of ONE_IN_BREAKS_RULE breaks a fatal rule, if possible.
 */
#define ONE_IN_FAILS 8
#define ONE_IN_BREAKS_RULE 64

static uint32_t choose_one_in_for_stray_number(enum op op)
{
	return op_is_mapped_access(op) ? ONE_IN_BREAKS_RULE : ONE_IN_FAILS;
}

const uint16_t mutate_edges[MUTATE_EDGES] = {0,    1,        2,        PAGE - 2,       PAGE - 1,
					     PAGE, PAGE + 1, 2 * PAGE, NUMBER_SPAN - 1};

bool mutate_number_fits(char letter, uint64_t number)
{
	return number_valid(number) && (letter != 'z' || number <= PROGRAM_SLICE_MAX);
}

static uint64_t pick_number_of_program(struct mutator *m)
{
	const struct program *program = m->program;
	const struct call *call;

	if (!program->count)
		return 0;
	call = &program->calls[draw_below(m, program->count)];
	return call->number[draw_below(m, 2)];
}

uint64_t mutate_any_number(struct mutator *m)
{
	uint64_t number;

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
		return pick_number_of_program(m);
	default:
		return number_unpack((uint16_t)random_next(&m->random_state));
	}
}

uint8_t mutate_any_value(struct mutator *m, char letter)
{
	uint32_t any = draw_below(m, 256);

	if (letter == 'v')
		return (uint8_t)any;
	/* Loads from a zeroed page are valid; from other pages only where bytes were written. */
	return (any & (CALL_GFP_CONTEXT | CALL_GFP_HIGHMEM | CALL_GFP_NOFAIL)) |
	       (draw_once_in(m, 4) ? 0 : CALL_GFP_ZERO);
}

uint8_t mutate_any_thread(struct mutator *m)
{
	return (uint8_t)random_below(&m->random_state, draw_once_in(m, 8) ? PROGRAM_THREADS : 4);
}

uint8_t mutate_any_handle(struct mutator *m, const struct abstract_state *state,
			  enum handle_kind kind, bool must_be_free, uint8_t thread)
{
	uint32_t fitting = must_be_free ? mutate_find_unfilled_handles(state, kind)
					: state->usable_handles[kind];
	uint8_t newest = abstract_state_find_newest_map(state, thread);

	if (!fitting || draw_once_in(m, ONE_IN_BREAKS_RULE))
		return draw_bit_index(m, mutate_all_handles(kind));
	/* Empty handles are used in order, so that programs share their names. */
	if (must_be_free)
		return (uint8_t)__builtin_ctz(fitting);
	/* A thread may unmap only its newest mapping. */
	if (kind == HANDLE_MAP && newest < PROGRAM_MAPS && draw_once_in(m, 2))
		return newest;
	return draw_bit_index(m, fitting);
}

static uint8_t find_locked_mutex(struct mutator *m, const struct abstract_state *state)
{
	uint32_t held = 0xf & ~state->usable_handles[HANDLE_MUTEX];

	return held ? draw_bit_index(m, held) : (uint8_t)draw_below(m, PROGRAM_MUTEXES);
}

/* Chooses a thread that may use the call's handles: its mapping or its mutex. */
static void choose_thread(struct mutator *m, struct call *call, const struct abstract_state *state)
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
 * The last of several numbers is a length. Returns a length that fits after the preceding offset.
 */
static uint64_t choose_fitting_length(struct mutator *m, const struct call *call,
				      unsigned int numbers)
{
	uint64_t from = 0, left;

	for (unsigned int i = 0; i < numbers; i++)
		if (call->number[i] > from)
			from = call->number[i];
	if (from > PAGE || draw_once_in(m, choose_one_in_for_stray_number(call->op)))
		return mutate_any_number(m);
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

/* Returns whether to reject the number: numbers outside of the page must be rare. */
static bool is_out_of_page(struct mutator *m, const struct call *call, uint64_t number)
{
	return number > PAGE && op_is_mapped_access(call->op) &&
	       !draw_once_in(m, ONE_IN_BREAKS_RULE);
}

static uint64_t choose_number(struct mutator *m, const struct call *call, const char *kind,
			      unsigned int numbers)
{
	uint64_t number;

	do {
		if (call->op == OP_fail_nth)
			number = draw_below(m, 6);
		else if (*kind == 'n' && numbers && !strchr(kind + 1, 'n'))
			number = choose_fitting_length(m, call, numbers);
		else
			number = mutate_any_number(m);
	} while (!mutate_number_fits(*kind, number) || is_out_of_page(m, call, number));
	return number;
}

/* Atomic accesses with other sizes or alignments are skipped. */
static void align_atomic(struct mutator *m, struct call *call)
{
	if ((call->op != OP_load_atomic && call->op != OP_store_atomic) || draw_once_in(m, 16))
		return;
	call->number[1] = 1u << draw_below(m, 4);
	call->number[0] -= call->number[0] % call->number[1];
	if (!number_valid(call->number[0]))
		call->number[0] = 0;
}

void mutate_make_call(struct mutator *m, struct call *call, enum op op,
		      const struct abstract_state *state)
{
	unsigned int handles = 0, numbers = 0;

	memset(call, 0, sizeof(*call));
	call->op = (uint8_t)op;
	call->expected_result = RESULT_NONE;
	call->thread = mutate_any_thread(m);
	call->has_fault = op == OP_user_slice && draw_once_in(m, 2);
	for (const char *kind = op_table[op].argument_kinds; *kind; kind++) {
		if (*kind == 'v' || *kind == 'g')
			call->value = mutate_any_value(m, *kind);
		else if (*kind == 'n' || *kind == 'z' || (*kind == 'f' && call->has_fault))
			call->number[numbers] = choose_number(m, call, kind, numbers), numbers++;
		else if (*kind != 'f')
			call->handle[handles++] = mutate_any_handle(m, state, op_handle_kind(*kind),
								    *kind < 'a', call->thread);
	}
	if (op == OP_unlock)
		call->handle[0] = find_locked_mutex(m, state);
	choose_thread(m, call, state);
	align_atomic(m, call);
}
