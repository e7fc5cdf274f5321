/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mutations of the arguments of one call, and of the call's name. */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define PAGE 4096u
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Starts at a random call and wraps around. Return: the first call that @fits accepts, or NULL. */
static struct call *pick_call(struct mutator *m, bool (*fits)(const struct call *call))
{
	size_t count = m->program->count, start = draw_below(m, count);

	for (size_t i = 0; i < count; i++) {
		struct call *call = &m->program->calls[(start + i) % count];

		if (fits(call))
			return call;
	}
	return NULL;
}

/* ---- numbers ---- */

static bool has_number(const struct call *call)
{
	return call_find_letters(call).number_count;
}

/* Return: a number of the program, or NULL if it has none. */
static uint64_t *pick_number(struct mutator *m, char *letter)
{
	struct call *call = pick_call(m, has_number);
	struct call_letters letters;
	uint32_t index;

	if (!call)
		return NULL;
	letters = call_find_letters(call);
	index = draw_below(m, letters.number_count);
	*letter = letters.numbers[index];
	return &call->number[index];
}

/* Returns a number that is related to @number, or an edge. It may be invalid. */
static uint64_t make_related_number(struct mutator *m, uint64_t number)
{
	uint32_t base = draw_below(m, NUMBER_BASES),
		 distance = mutate_edges[draw_below(m, MUTATE_EDGES)];
	const uint64_t *other;
	char letter;

	switch (draw_below(m, 6)) {
	case 0: /* the distance from another base */
		return number_unpack(
			(uint16_t)(base << 14 | (number_pack(number) & (NUMBER_SPAN - 1))));
	case 1: /* the sum with another number is the end of the page, or wraps around to 0 */
		other = pick_number(m, &letter);
		return other ? (draw_once_in(m, 4) ? 0 : PAGE) - *other : number;
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
	char letter;
	uint64_t *number = pick_number(m, &letter), old_number;

	if (!number)
		return false;
	old_number = *number;
	*number = make_related_number(m, old_number);
	if (!mutate_number_fits(letter, *number))
		*number = old_number;
	return *number != old_number;
}

/* ---- ranges ---- */

struct argument_range {
	struct call *call;
	uint64_t *off, *len;
};

static bool has_range(const struct call *call)
{
	struct call_letters letters = call_find_letters(call);

	return letters.number_count >= 2 && letters.numbers[0] == 'n';
}

/* copy_page has two offsets and one length. */
static bool pick_range(struct mutator *m, struct argument_range *range)
{
	struct call *call = pick_call(m, has_range);
	unsigned int last;

	if (!call)
		return false;
	last = call_find_letters(call).number_count - 1;
	*range = (struct argument_range){call, &call->number[draw_below(m, last)],
					 &call->number[last]};
	return true;
}

/* Moves the range by one byte, next to its old place, or so far that one byte overlaps. */
static void shift_range(struct mutator *m, uint64_t *off, uint64_t *len)
{
	uint64_t steps[] = {1, -1ull, *len, -*len, *len - 1, 1 - *len, 0};
	uint32_t change_index = draw_below(m, COUNT_OF(steps) + 2);

	if (change_index < COUNT_OF(steps))
		*off += steps[change_index];
	else
		*len += change_index == COUNT_OF(steps) ? 1 : -1ull;
}

/* Half of the time the page is copied too: ranges on different pages do not interact. */
static bool copy_page_handle(struct mutator *m, const struct argument_range *to,
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
	bool is_changed;

	if (!pick_range(m, &from) || !pick_range(m, &to) || from.call == to.call)
		return false;
	off = *from.off;
	len = *from.len;
	shift_range(m, &off, &len);
	if (!number_valid(off) || !number_valid(len))
		return false;
	is_changed = *to.off != off || *to.len != len;
	*to.off = off;
	*to.len = len;
	return copy_page_handle(m, &to, &from) || is_changed;
}

/* ---- handles, values, calls ---- */

/* Return: whether the value changed. */
static bool set_byte(uint8_t *byte, uint8_t value)
{
	bool changed = *byte != value;

	*byte = value;
	return changed;
}

static bool has_handle(const struct call *call)
{
	return call_find_letters(call).handle_count;
}

bool mutate_handle(struct mutator *m)
{
	struct call *call = pick_call(m, has_handle);
	struct abstract_state state;
	struct call_letters letters;
	uint32_t index;

	if (!call)
		return false;
	letters = call_find_letters(call);
	abstract_state_compute(&state, m->program, (size_t)(call - m->program->calls));
	index = draw_below(m, letters.handle_count);
	return set_byte(&call->handle[index],
			mutate_any_handle(m, &state, letters.handles[index], call->thread));
}

static char find_value_letter(const struct call *call)
{
	const char *args = op_table[call->op].argument_kinds;

	return strchr(args, 'v') ? 'v' : strchr(args, 'g') ? 'g' : 0;
}

static bool has_value(const struct call *call)
{
	return find_value_letter(call);
}

bool mutate_value(struct mutator *m)
{
	struct call *call = pick_call(m, has_value);

	return call && set_byte(&call->value, mutate_any_value(m, find_value_letter(call)));
}

/* Returns whether the two calls have the same arguments, not counting a seed. */
static bool have_same_arguments(enum op a, enum op b)
{
	const char *letters_a = op_table[a].argument_kinds, *letters_b = op_table[b].argument_kinds;
	size_t len = strcspn(letters_a, "v");

	return len == strcspn(letters_b, "v") && !memcmp(letters_a, letters_b, len);
}

/* Searches from @start on and wraps around. Return: such a call, or @op itself if there is none. */
static enum op find_other_op(enum op op, uint32_t start)
{
	for (uint32_t i = 0; i < OP_COUNT; i++) {
		enum op other = (start + i) % OP_COUNT;

		if (other != op && have_same_arguments(other, op))
			return other;
	}
	return op;
}

static bool has_op_with_same_arguments(const struct call *call)
{
	return find_other_op(call->op, 0) != call->op;
}

bool mutate_op(struct mutator *m)
{
	struct call *call = pick_call(m, has_op_with_same_arguments);

	if (!call)
		return false;
	call->op = (uint8_t)find_other_op(call->op, draw_below(m, OP_COUNT));
	call->value = find_value_letter(call) ? mutate_any_value(m, 'v') : 0;
	return true;
}

static bool creates_user_slice(const struct call *call)
{
	return call->op == OP_user_slice;
}

bool mutate_fault(struct mutator *m)
{
	struct call *call = pick_call(m, creates_user_slice);
	uint64_t fault_offset;

	if (!call)
		return false;
	if (call->has_fault && draw_once_in(m, 4)) {
		call->has_fault = 0;
		call->number[1] = 0;
		return true;
	}
	fault_offset =
		draw_once_in(m, 2) ? draw_below(m, call->number[0] + 1) : mutate_any_number(m);
	if (!number_valid(fault_offset) || (call->has_fault && fault_offset == call->number[1]))
		return false;
	call->has_fault = 1;
	call->number[1] = fault_offset;
	return true;
}
