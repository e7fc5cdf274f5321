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
	size_t count = m->program->count;
	size_t start = count ? random_below(&m->random, count) : 0;

	for (size_t i = 0; i < count; i++) {
		struct call *call = &m->program->calls[(start + i) % count];

		if (fits(call))
			return call;
	}
	return NULL;
}

/* ---- numbers ---- */

struct number {
	uint64_t *at;
	char kind;
};

static bool has_numbers(const struct call *call)
{
	char kinds[3];

	return mutate_number_kinds(call, kinds);
}

/* Return: false if the program has no number. */
static bool pick_number(struct mutator *m, struct number *number)
{
	struct call *call = pick_call(m, has_numbers);
	char kinds[3];
	uint32_t index;

	if (!call)
		return false;
	index = random_below(&m->random, mutate_number_kinds(call, kinds));
	*number = (struct number){ &call->number[index], kinds[index] };
	return true;
}

/* Returns a number that is related to @number, or an edge. It may be invalid. */
static uint64_t related_number(struct mutator *m, uint64_t number)
{
	uint32_t base = random_below(&m->random, NUMBER_BASES);
	uint32_t distance = mutate_edges[random_below(&m->random, MUTATE_EDGES)];
	struct number other;

	switch (random_below(&m->random, 6)) {
	case 0: /* the distance from another base */
		return number_unpack((uint16_t)(base << 14 | (number_pack(number) & (NUMBER_SPAN - 1))));
	case 1: /* the sum with another number is the end of the page, or wraps around to 0 */
		if (!pick_number(m, &other))
			return number;
		return (random_once_in(&m->random, 4) ? 0 : PAGE) - *other.at;
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
	struct number number;
	uint64_t value;

	if (!pick_number(m, &number))
		return false;
	value = related_number(m, *number.at);
	if (*number.at == value || !mutate_number_fits(number.kind, value))
		return false;
	*number.at = value;
	return true;
}

/* ---- ranges ---- */

struct range {
	struct call *call;
	uint64_t *off, *len;
};

static bool has_range(const struct call *call)
{
	char kinds[3];
	unsigned int count = mutate_number_kinds(call, kinds);

	return count >= 2 && kinds[0] == 'n';
}

/* copy_page has two offsets and one length. */
static bool pick_range(struct mutator *m, struct range *range)
{
	struct call *call = pick_call(m, has_range);
	char kinds[3];
	unsigned int count;

	if (!call)
		return false;
	count = mutate_number_kinds(call, kinds);
	*range = (struct range){ call, &call->number[random_below(&m->random, count - 1)],
				 &call->number[count - 1] };
	return true;
}

/* Moves the range by a byte, to a place next to it, or to one that shares one byte with it. */
static void shift(struct mutator *m, uint64_t *off, uint64_t *len)
{
	uint64_t steps[] = { 1, -1ull, *len, -*len, *len - 1, 1 - *len, 0 };
	uint32_t which = random_below(&m->random, COUNT_OF(steps) + 2);

	if (which < COUNT_OF(steps))
		*off += steps[which];
	else
		*len += which == COUNT_OF(steps) ? 1 : -1ull;
}

/* Half of the time the page is copied too: ranges on different pages do not interact. */
static bool same_page(struct mutator *m, const struct range *to, const struct range *from)
{
	char kind = op_table[to->call->op].args[0];

	if (kind != op_table[from->call->op].args[0] || random_once_in(&m->random, 2) ||
	    to->call->handle[0] == from->call->handle[0])
		return false;
	to->call->handle[0] = from->call->handle[0];
	return true;
}

bool mutate_range(struct mutator *m)
{
	struct range from, to;
	uint64_t off, len;
	bool changed;

	if (!pick_range(m, &from) || !pick_range(m, &to) || from.call == to.call)
		return false;
	off = *from.off;
	len = *from.len;
	shift(m, &off, &len);
	if (!number_valid(off) || !number_valid(len))
		return false;
	changed = *to.off != off || *to.len != len;
	*to.off = off;
	*to.len = len;
	return same_page(m, &to, &from) || changed;
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
	char kinds[2];

	return mutate_handle_kinds(call, kinds);
}

bool mutate_handle(struct mutator *m)
{
	struct call *call = pick_call(m, has_handle);
	struct abstract_state state;
	uint8_t *handle;
	char kinds[2];
	uint32_t which;

	if (!call)
		return false;
	abstract_state_at(&state, m->program, (size_t)(call - m->program->calls));
	which = random_below(&m->random, mutate_handle_kinds(call, kinds));
	handle = &call->handle[which];
	return set_byte(handle, mutate_any_handle(m, &state, kinds[which], call->thread));
}

static char value_kind(const struct call *call)
{
	const char *args = op_table[call->op].args;

	return strchr(args, 'v') ? 'v' : strchr(args, 'g') ? 'g' : 0;
}

static bool has_value(const struct call *call)
{
	return value_kind(call);
}

bool mutate_value(struct mutator *m)
{
	struct call *call = pick_call(m, has_value);

	return call && set_byte(&call->value, mutate_any_value(m, value_kind(call)));
}

/* Do the two calls have the same arguments before a seed? */
static bool have_same_arguments(enum op a, enum op b)
{
	const char *x = op_table[a].args, *y = op_table[b].args;
	size_t len = strcspn(x, "v");

	return len == strcspn(y, "v") && !memcmp(x, y, len);
}

/* Searches from @start on and wraps around. Return: such a call, or @op itself if there is none. */
static enum op other_op(enum op op, uint32_t start)
{
	for (uint32_t i = 0; i < OP_COUNT; i++) {
		enum op other = (start + i) % OP_COUNT;

		if (other != op && have_same_arguments(other, op))
			return other;
	}
	return op;
}

static bool has_alike(const struct call *call)
{
	return other_op(call->op, 0) != call->op;
}

bool mutate_op(struct mutator *m)
{
	struct call *call = pick_call(m, has_alike);

	if (!call)
		return false;
	call->op = (uint8_t)other_op(call->op, random_below(&m->random, OP_COUNT));
	call->value = value_kind(call) ? mutate_any_value(m, 'v') : 0;
	return true;
}

static bool has_slice(const struct call *call)
{
	return call->op == OP_user_slice;
}

bool mutate_fault(struct mutator *m)
{
	struct call *call = pick_call(m, has_slice);
	uint64_t fault;

	if (!call)
		return false;
	if (call->has_fault && random_once_in(&m->random, 4)) {
		call->has_fault = 0;
		call->number[1] = 0;
		return true;
	}
	fault = random_once_in(&m->random, 2) ? random_below(&m->random, call->number[0] + 1) :
						mutate_any_number(m);
	if (!number_valid(fault) || (call->has_fault && fault == call->number[1]))
		return false;
	call->has_fault = 1;
	call->number[1] = fault;
	return true;
}
