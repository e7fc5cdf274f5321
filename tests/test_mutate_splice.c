/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests that after the mutation `splice`, handles refer to the same resources as before: a handle refers to
 * the first earlier call that fills the handle. The line number of a call identifies its program.
 */
#include <string.h>

#include "harness/mutate/mutate.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define OTHER_LINES 2000
#define NO_LINE     0

static struct program own, other, result;

/* Return: the line of the first call that fills the handle before call @at, or NO_LINE. */
static uint32_t find_first_filling_line(const struct program *program, size_t at,
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

/* Pairs of the old name and the new name of a handle or thread; the upper bits of a name are the kind. */
static struct {
	unsigned int old_names[4 * PROGRAM_CALLS], new_names[4 * PROGRAM_CALLS];
	size_t pair_count;
} renaming;

/* Return: false if a recorded pair has the same old name or the same new name, but not both. */
static bool record_consistent_renaming(unsigned int kind, uint8_t old_name, uint8_t new_name)
{
	unsigned int from = kind << 8 | old_name, to = kind << 8 | new_name;

	for (size_t i = 0; i < renaming.pair_count; i++)
		if (renaming.old_names[i] == from || renaming.new_names[i] == to)
			return renaming.old_names[i] == from && renaming.new_names[i] == to;
	renaming.old_names[renaming.pair_count] = from;
	renaming.new_names[renaming.pair_count++] = to;
	return true;
}

/*
 * @old is a handle of call @old_index of `other`, @new a handle of call @new_index of `result`. Return:
 * whether @new refers to the resource of @old, or to a resource of `own`. A call that is the first to fill
 * @old must be the first to fill @new.
 */
static bool record_renaming_and_check_handle(size_t old_index, const struct call_handle *old,
					     size_t new_index, const struct call_handle *new)
{
	uint32_t from = find_first_filling_line(&other, old_index, old),
		 to = find_first_filling_line(&result, new_index, new);

	if (!record_consistent_renaming(1 + old->kind, old->index, new->index))
		return false;
	if (old->must_be_free)
		return from != NO_LINE || to == NO_LINE;
	return from == NO_LINE || to == from || (to != NO_LINE && to < OTHER_LINES);
}

static bool is_valid_copied_call(size_t new_index)
{
	size_t old_index = find_call_of_line(&other, result.calls[new_index].line);
	struct call call = result.calls[new_index];
	struct call_handle old[2], new[2];
	unsigned int count = call_get_handles(&call, new);

	if (old_index == other.count || call.op != other.calls[old_index].op ||
	    !record_consistent_renaming(0, other.calls[old_index].thread, call.thread))
		return false;
	call_get_handles(&other.calls[old_index], old);
	for (unsigned int i = 0; i < count; i++)
		if (!record_renaming_and_check_handle(old_index, &old[i], new_index, &new[i]))
			return false;
	memcpy(call.handle, other.calls[old_index].handle, sizeof(call.handle));
	call.thread = other.calls[old_index].thread;
	return call_equal_ignoring_expectation(&call, &other.calls[old_index]);
}

static bool is_unchanged_own_call(size_t new_index)
{
	size_t old_index = find_call_of_line(&own, result.calls[new_index].line);
	struct call_handle handles[2];
	unsigned int count = call_get_handles(&result.calls[new_index], handles);

	if (old_index == own.count ||
	    !call_equal_ignoring_expectation(&own.calls[old_index], &result.calls[new_index]))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (!handles[i].must_be_free &&
		    find_first_filling_line(&own, old_index, &handles[i]) !=
			    find_first_filling_line(&result, new_index, &handles[i]))
			return false;
	return true;
}

/* Return: whether all handles are right, and the lines of each program increase, as its order is kept. */
static bool result_has_right_handles_and_order(void)
{
	uint32_t last_own = 0, last_other = 0;

	renaming.pair_count = 0;
	for (size_t i = 0; i < result.count; i++) {
		uint32_t line = result.calls[i].line;
		uint32_t *last = line < OTHER_LINES ? &last_own : &last_other;

		if (line <= *last ||
		    !(line < OTHER_LINES ? is_unchanged_own_call(i) : is_valid_copied_call(i)))
			return false;
		*last = line;
	}
	return last_other;
}

static void make_own_other_and_result(uint64_t seed)
{
	uint64_t other_seed = ~seed;

	make_interacting_program(&seed, &own, 50, OP_COUNT);
	make_interacting_program(&other_seed, &other, 50, OP_COUNT);
	set_line_numbers(&own, 1);
	set_line_numbers(&other, OTHER_LINES);
	result = own;
}

/* Appends the calls of `other` with unchanged handles, which the check must reject. */
static void append_other_without_renaming(void)
{
	memcpy(result.calls + own.count, other.calls, other.count * sizeof(other.calls[0]));
	result.count = own.count + other.count;
}

UNIT_TEST(test_mutate_splice)
{
	unsigned int spliced = 0, same = 0, shares = 0, apart = 0, fooled = 0, whole = 0;

	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct mutate_request request = { seed, PROGRAM_CALLS, &other, NULL };
		size_t others = 0, fillers = 0;

		make_own_other_and_result(seed);
		if (!mutate_with(MUTATION_splice, &result, &request))
			continue;
		spliced++;
		same += result_has_right_handles_and_order();
		whole += result.count > own.count && find_call_of_line(&result, 1) < result.count;
		for (size_t i = 0; i < result.count; i++) {
			bool is_other = result.calls[i].line >= OTHER_LINES;

			others += is_other;
			fillers += is_other && result.calls[i].op == OP_alloc_page;
		}
		shares += others && !fillers;
		apart += fillers > 0;
	}
	for (uint64_t seed = 0; seed < 300; seed++) {
		make_own_other_and_result(seed);
		append_other_without_renaming();
		fooled += result_has_right_handles_and_order();
	}
	ok(spliced > 2500, "programs can be spliced: %u of 3,000", spliced);
	ok(same == spliced, "every handle refers to the right resource: %u", same);
	ok(whole == spliced, "the result has all calls of the program if there is space: %u", whole);
	ok(shares > 300 && apart > 300,
	   "%u results share pages of the program, %u have pages of the other program", shares, apart);
	ok(fooled < 10, "programs joined without new names are rejected: %u of 300", 300 - fooled);
}
