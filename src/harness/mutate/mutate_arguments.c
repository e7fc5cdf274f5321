/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mutations of the arguments of one call, and of the call's name. */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define PAGE            4096u
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Return: a random call that has an argument of one of the kinds (ops.def), or NULL. */
static struct call *pick_call_with_argument(struct mutator *m, const char *argument_kinds)
{
	size_t count = m->program->count, start = draw_below(m, count);

	for (size_t i = 0; i < count; i++) {
		struct call *call = &m->program->calls[(start + i) % count];

		if (strpbrk(op_table[call->op].argument_kinds, argument_kinds))
			return call;
	}
	return NULL;
}

/* ---- numbers ---- */

/*
 * Return: a number in a random call, or NULL if no call has a number. @number_letter gets the number's letter
 * in ops.def.
 */
static uint64_t *pick_number_argument(struct mutator *m, char *number_letter)
{
	struct call *call = pick_call_with_argument(m, "nz");
	char number_letters[3];
	uint32_t number_index;

	if (!call)
		return NULL;
	number_index = draw_below(m, call_get_number_letters(call, number_letters));
	*number_letter = number_letters[number_index];
	return &call->number[number_index];
}

/* Returns an edge (mutate.h), or a number that is related to @number. The returned number may be invalid. */
static uint64_t draw_edge_or_related_number(struct mutator *m, uint64_t number)
{
	uint32_t base = draw_below(m, NUMBER_BASES), distance = mutate_edges[draw_below(m, MUTATE_EDGES)];
	const uint64_t *other_number;
	char unused_letter;

	switch (draw_below(m, 6)) {
	case 0: /* the same distance from another base */
		return number_unpack((uint16_t)(base << 14 | (number_pack(number) & (NUMBER_SPAN - 1))));
	case 1: /* a number whose sum with another number of the program is PAGE or wraps around to 0 */
		other_number = pick_number_argument(m, &unused_letter);
		return other_number ? (draw_once_in(m, 4) ? 0 : PAGE) - *other_number : number;
	case 2:
		return number + 1;
	case 3:
		return number - 1;
	case 4:
		return number_unpack((uint16_t)(base << 14 | distance));
	default:
		return distance;
	}
}

bool mutate_number(struct mutator *m)
{
	char number_letter;
	uint64_t *number = pick_number_argument(m, &number_letter), old_number;

	if (!number)
		return false;
	old_number = *number;
	*number = draw_edge_or_related_number(m, old_number);
	if (!mutate_is_valid_number(number_letter, *number))
		*number = old_number;
	return *number != old_number;
}

/* ---- ranges ---- */

struct argument_range {
	struct call *call;
	uint64_t *off, *len;
};

/*
 * Picks a call and a range of it; copy_page has two ranges with the same length.
 * Return: false if the picked call has no range.
 */
static bool pick_range_arguments(struct mutator *m, struct argument_range *range)
{
	struct call *call = pick_call_with_argument(m, "n");
	char argument_letters[3];
	unsigned int number_count = call ? call_get_number_letters(call, argument_letters) : 0;

	if (number_count < 2)
		return false;
	*range = (struct argument_range){ call, &call->number[draw_below(m, number_count - 1)],
					  &call->number[number_count - 1] };
	return true;
}

/*
 * Moves the range by one byte, next to its old place, or so far that one byte overlaps. Alternatively, makes
 * the range one byte longer or shorter.
 */
static void shift_or_resize_range(struct mutator *m, uint64_t *off, uint64_t *len)
{
	uint64_t steps[] = { 1, -1ull, *len, -*len, *len - 1, 1 - *len, 0 };
	uint32_t change_index = draw_below(m, COUNT_OF(steps) + 2);

	if (change_index < COUNT_OF(steps))
		*off += steps[change_index];
	else
		*len += change_index == COUNT_OF(steps) ? 1 : -1ull;
}

/*
 * Half of the time, gives the call of @to the page or mapping of @from, because ranges on different pages do
 * not interact. Return: whether the handle changed.
 */
static bool copy_first_handle_half_the_time(struct mutator *m, const struct argument_range *to,
					    const struct argument_range *from)
{
	char kind = op_table[to->call->op].argument_kinds[0];

	if (kind != op_table[from->call->op].argument_kinds[0] || draw_once_in(m, 2) ||
	    to->call->handle[0] == from->call->handle[0])
		return false;
	to->call->handle[0] = from->call->handle[0];
	return true;
}

bool mutate_range(struct mutator *m)
{
	struct argument_range from, to;
	uint64_t off, len;
	bool is_range_changed;

	if (!pick_range_arguments(m, &from) || !pick_range_arguments(m, &to) || from.call == to.call)
		return false;
	off = *from.off;
	len = *from.len;
	shift_or_resize_range(m, &off, &len);
	if (!number_is_valid(off) || !number_is_valid(len))
		return false;
	is_range_changed = *to.off != off || *to.len != len;
	*to.off = off;
	*to.len = len;
	return copy_first_handle_half_the_time(m, &to, &from) || is_range_changed;
}

/* ---- handles, values, calls ---- */

/* Return: whether the byte changed. */
static bool set_byte(uint8_t *byte, uint8_t value)
{
	bool changed = *byte != value;

	*byte = value;
	return changed;
}

bool mutate_handle(struct mutator *m)
{
	struct call *call = pick_call_with_argument(m, "pkumsPKU");
	struct abstract_state state;
	struct call_handle handles[2];
	uint32_t argument_index;

	if (!call)
		return false;
	abstract_state_compute(&state, m->program, (size_t)(call - m->program->calls));
	argument_index = draw_below(m, call_get_handles(call, handles));
	return set_byte(&call->handle[argument_index],
			mutate_draw_handle(m, &state, handles[argument_index].kind,
					   handles[argument_index].must_be_free, call->thread));
}

bool mutate_value(struct mutator *m)
{
	struct call *call = pick_call_with_argument(m, "vg");

	return call && set_byte(&call->value, mutate_draw_value_or_flags(m, call->op));
}

/* Returns whether two calls take arguments of the same kinds, except for a byte value. */
static bool have_same_argument_kinds(enum op op, enum op other_op)
{
	const char *argument_letters = op_table[op].argument_kinds;
	const char *other_letters = op_table[other_op].argument_kinds;
	size_t len = strcspn(argument_letters, "v");

	return len == strcspn(other_letters, "v") && !memcmp(argument_letters, other_letters, len);
}

/* Replaces the name of a random call. Return: false if no other name takes arguments of the same kinds. */
bool mutate_op(struct mutator *m)
{
	struct call *call = &m->program->calls[draw_below(m, m->program->count)];
	uint32_t start = draw_below(m, OP_COUNT);

	for (uint32_t i = 0; i < OP_COUNT; i++) {
		enum op other = (start + i) % OP_COUNT;

		if (other == call->op || !have_same_argument_kinds(other, call->op))
			continue;
		call->op = (uint8_t)other;
		call->value = strchr(op_table[other].argument_kinds, 'v') ?
				      mutate_draw_value_or_flags(m, other) :
				      0;
		return true;
	}
	return false;
}

bool mutate_fault(struct mutator *m)
{
	struct call *call = pick_call_with_argument(m, "U");
	uint64_t fault_offset;

	if (!call)
		return false;
	if (call->has_fault && draw_once_in(m, 4)) {
		call->has_fault = 0;
		call->number[1] = 0;
		return true;
	}
	fault_offset = draw_once_in(m, 2) ? draw_below(m, call->number[0] + 1) : mutate_draw_number(m);
	if (!number_is_valid(fault_offset) || (call->has_fault && fault_offset == call->number[1]))
		return false;
	call->has_fault = 1;
	call->number[1] = fault_offset;
	return true;
}
