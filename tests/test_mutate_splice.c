/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Splicing keeps what handles refer to. A handle of a call refers to the first call above that
 * fills it.
 * The line shows whether a call is the program's or the other's.
 */
#include <string.h>

#include "harness/mutate/mutate.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define OTHERS 2000
#define NO_LINE 0

static struct program own, other, result;

/* Returns the line of the call before call @at that fills the handle, or NO_LINE. */
static uint32_t find_filling_line(const struct program *program, size_t at,
				  const struct call_handle *handle)
{
	struct call_handle filled[2];

	for (const struct call *call = program->calls; call < program->calls + at; call++)
		if (op_fills_handle(call->op) && call_get_handles(call, filled) &&
		    filled[0].kind == handle->kind && filled[0].index == handle->index)
			return call->line;
	return NO_LINE;
}

static size_t find_call_of_line(const struct program *program, uint32_t line)
{
	size_t i = 0;

	while (i < program->count && program->calls[i].line != line)
		i++;
	return i;
}

/* Which handle or thread replaced which; all pairs must be consistent. */
static struct {
	unsigned int from[4 * PROGRAM_CALLS], to[4 * PROGRAM_CALLS];
	size_t pair_count;
} renaming;

/* Return: false if @from was replaced by something else before, or @to replaced something else. */
static bool record_renaming(unsigned int kind, uint8_t old_name, uint8_t new_name)
{
	unsigned int from = kind << 8 | old_name, to = kind << 8 | new_name;

	for (size_t i = 0; i < renaming.pair_count; i++)
		if (renaming.from[i] == from || renaming.to[i] == to)
			return renaming.from[i] == from && renaming.to[i] == to;
	renaming.from[renaming.pair_count] = from;
	renaming.to[renaming.pair_count++] = to;
	return true;
}

/*
 * Returns whether a handle of call @is of the result refers to the same resource as the handle of
 * call
 * @was of the other program, or to one of the first program; or fills a handle if it filled one.
 */
static bool has_right_handle(size_t was, const struct call_handle *old, size_t is,
			     const struct call_handle *new)
{
	uint32_t from = find_filling_line(&other, was, old),
		 to = find_filling_line(&result, is, new);

	if (!record_renaming(1 + old->kind, old->index, new->index))
		return false;
	if (old->must_be_free)
		return from != NO_LINE || to == NO_LINE;
	return from == NO_LINE || to == from || (to != NO_LINE && to < OTHERS);
}

static bool is_valid_copied_call(size_t is)
{
	size_t was = find_call_of_line(&other, result.calls[is].line);
	struct call call = result.calls[is];
	struct call_handle old[2], new[2];
	unsigned int count = call_get_handles(&call, new);

	if (was == other.count || call.op != other.calls[was].op ||
	    !record_renaming(0, other.calls[was].thread, call.thread))
		return false;
	call_get_handles(&other.calls[was], old);
	for (unsigned int i = 0; i < count; i++)
		if (!has_right_handle(was, &old[i], is, &new[i]))
			return false;
	memcpy(call.handle, other.calls[was].handle, sizeof(call.handle));
	call.thread = other.calls[was].thread;
	return call_equal(&call, &other.calls[was]);
}

static bool is_unchanged_own_call(size_t is)
{
	size_t was = find_call_of_line(&own, result.calls[is].line);
	struct call_handle handles[2];
	unsigned int count = call_get_handles(&result.calls[is], handles);

	if (was == own.count || !call_equal(&own.calls[was], &result.calls[is]))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (!handles[i].must_be_free && find_filling_line(&own, was, &handles[i]) !=
							find_filling_line(&result, is, &handles[i]))
			return false;
	return true;
}

/* The order of calls is kept: lines increase. */
static bool all_refer_to_same(void)
{
	uint32_t last_own = 0, last_other = 0;

	renaming.pair_count = 0;
	for (size_t i = 0; i < result.count; i++) {
		uint32_t line = result.calls[i].line;
		uint32_t *last = line < OTHERS ? &last_own : &last_other;

		if (line <= *last ||
		    !(line < OTHERS ? is_unchanged_own_call(i) : is_valid_copied_call(i)))
			return false;
		*last = line;
	}
	return last_other;
}

static void make_both_programs(uint64_t seed)
{
	uint64_t other_seed = ~seed;

	make_interacting_program(&seed, &own, 50, OP_COUNT);
	make_interacting_program(&other_seed, &other, 50, OP_COUNT);
	number_lines(&own, 1);
	number_lines(&other, OTHERS);
	result = own;
}

/* Appends calls without renaming handles, which the check must reject. */
static void append_without_renaming(void)
{
	memcpy(result.calls + own.count, other.calls, other.count * sizeof(other.calls[0]));
	result.count = own.count + other.count;
}

UNIT_TEST(test_mutate_splice)
{
	unsigned int spliced = 0, same = 0, shares = 0, apart = 0, fooled = 0, whole = 0;

	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct mutate_request request = {seed, PROGRAM_CALLS, &other, NULL};
		size_t others = 0, fillers = 0;

		make_both_programs(seed);
		if (!mutate_with(MUTATION_splice, &result, &request))
			continue;
		spliced++;
		same += all_refer_to_same();
		whole += result.count > own.count && find_call_of_line(&result, 1) < result.count;
		for (size_t i = 0; i < result.count; i++) {
			bool is_other = result.calls[i].line >= OTHERS;

			others += is_other;
			fillers += is_other && result.calls[i].op == OP_alloc_page;
		}
		shares += others && !fillers;
		apart += fillers > 0;
	}
	for (uint64_t seed = 0; seed < 300; seed++) {
		make_both_programs(seed);
		append_without_renaming();
		fooled += all_refer_to_same();
	}
	ok(spliced > 2500, "programs can be spliced: %u of 3,000", spliced);
	ok(same == spliced, "every handle refers to what it did: %u", same);
	ok(whole == spliced, "where there is room, no call is lost: %u", whole);
	ok(shares > 300 && apart > 300, "%u share what is there, %u bring their own pages", shares,
	   apart);
	ok(fooled < 10, "programs joined without new names are rejected: %u of 300", 300 - fooled);
}
