/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mutations of the arguments of one call, and of the call's name. */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define PAGE 4096u

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

/* Return: true if the value differs from the old one and is valid for the argument. */
static bool store_number(const struct number *number, uint64_t value)
{
	if (*number->at == value || !mutate_number_fits(number->kind, value))
		return false;
	*number->at = value;
	return true;
}

bool mutate_edge(struct mutator *m)
{
	uint16_t x = mutate_edges[random_below(&m->random, MUTATE_EDGES)];
	uint32_t base = random_once_in(&m->random, 2) ? 0 : random_below(&m->random, NUMBER_BASES);
	struct number number;

	return pick_number(m, &number) &&
	       store_number(&number, number_unpack((uint16_t)(base << 14 | x)));
}

bool mutate_step(struct mutator *m)
{
	struct number number;

	return pick_number(m, &number) &&
	       store_number(&number, *number.at + (random_once_in(&m->random, 2) ? 1 : -1ull));
}

bool mutate_base(struct mutator *m)
{
	uint32_t base = random_below(&m->random, NUMBER_BASES);
	struct number number;

	if (!pick_number(m, &number))
		return false;
	return store_number(&number, number_unpack((uint16_t)(base << 14 | (number_pack(*number.at) &
								     (NUMBER_SPAN - 1)))));
}

/* Then the sum of the two numbers is the end of the page, or wraps around to 0. */
bool mutate_complement(struct mutator *m)
{
	struct number number, other;
	uint64_t sum = random_once_in(&m->random, 4) ? 0 : PAGE;

	return pick_number(m, &number) && pick_number(m, &other) &&
	       store_number(&number, sum - *other.at);
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

static void shift(struct mutator *m, uint64_t *off, uint64_t *len)
{
	switch (random_below(&m->random, 9)) {
	case 0:
		++*off;
		break;
	case 1:
		--*off;
		break;
	case 2:
		++*len;
		break;
	case 3:
		--*len;
		break;
	case 4: /* just after the range */
		*off += *len;
		break;
	case 5: /* just before the range */
		*off -= *len;
		break;
	case 6: /* its last byte is the first byte of the range */
		*off += *len - 1;
		break;
	case 7: /* its first byte is the last byte of the range */
		*off -= *len - 1;
		break;
	default:
		break;
	}
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

static bool has_handle(const struct call *call)
{
	char kinds[2];

	return mutate_handle_kinds(call, kinds);
}

bool mutate_handle(struct mutator *m)
{
	struct call *call = pick_call(m, has_handle);
	struct abstract_state state;
	uint8_t *handle, other;
	char kinds[2];
	uint32_t which;

	if (!call)
		return false;
	abstract_state_at(&state, m->program, (size_t)(call - m->program->calls));
	which = random_below(&m->random, mutate_handle_kinds(call, kinds));
	handle = &call->handle[which];
	other = mutate_any_handle(m, &state, kinds[which], call->thread);
	if (other == *handle)
		return false;
	*handle = other;
	return true;
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
	uint8_t value;

	if (!call)
		return false;
	value = mutate_any_value(m, value_kind(call));
	if (value == call->value)
		return false;
	call->value = value;
	return true;
}

/* Do the two calls have the same arguments, except for a seed? */
static bool have_same_arguments(enum op a, enum op b)
{
	const char *x = op_table[a].args, *y = op_table[b].args;

	for (;; x++, y++) {
		x += *x == 'v';
		y += *y == 'v';
		if (*x != *y)
			return false;
		if (!*x)
			return true;
	}
}

/*
 * Searches from @start on and wraps around. Return: another call with the same arguments, or
 * OP_COUNT.
 */
static enum op other_op(enum op op, uint32_t start)
{
	for (uint32_t i = 0; i < OP_COUNT; i++) {
		enum op other = (start + i) % OP_COUNT;

		if (other != op && have_same_arguments(other, op))
			return other;
	}
	return OP_COUNT;
}

static bool has_alike(const struct call *call)
{
	return other_op(call->op, 0) < OP_COUNT;
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
