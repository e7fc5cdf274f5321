/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Splicing keeps what handles refer to. A handle of a call refers to the last call above that
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

/* Returns the line of the call that fills a handle before call @at, or NO_LINE. */
static uint32_t find_filling_line(const struct program *program, size_t at, char kind,
				  uint8_t handle)
{
	for (size_t i = 0; i < at; i++)
		if (op_table[program->calls[i].op].argument_kinds[0] == (kind & ~0x20) &&
		    program->calls[i].handle[0] == handle)
			return program->calls[i].line;
	return NO_LINE;
}

static size_t find_call_of_line(const struct program *program, uint32_t line)
{
	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].line == line)
			return i;
	return program->count;
}

/* Which line replaced which; all pairs must be consistent. */
struct renaming {
	uint32_t from[4 * PROGRAM_CALLS], to[4 * PROGRAM_CALLS];
	size_t pair_count;
};

/* Return: false if @from was replaced by something else before, or @to replaced something else. */
static bool record_renaming(struct renaming *r, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < r->pair_count; i++)
		if (r->from[i] == from || r->to[i] == to)
			return r->from[i] == from && r->to[i] == to;
	r->from[r->pair_count] = from;
	r->to[r->pair_count++] = to;
	return true;
}

/* A handle of the other program has one new name, and refers to the same resource. */
static bool refers_to_same(struct renaming *r, size_t was, size_t is, unsigned int index, char kind)
{
	uint32_t from = find_filling_line(&other, was, kind, other.calls[was].handle[index]);
	uint32_t to = find_filling_line(&result, is, kind, result.calls[is].handle[index]);

	if (kind == 'm' || kind == 's')
		return record_renaming(r, (uint32_t)(kind << 8 | other.calls[was].handle[index]),
			       (uint32_t)(kind << 8 | result.calls[is].handle[index]));
	if (from == NO_LINE)
		return true;
	/* The filling call is copied too, or a call of the first program fills the handle. */
	return record_renaming(r, 10000 + from, 10000 + to) && (to == from || (to && to < OTHERS));
}

/* A call that filled a handle still fills one. */
static bool still_fills(size_t was, size_t is)
{
	char kind = op_table[result.calls[is].op].argument_kinds[0];

	return kind & 0x20 ||
	       find_filling_line(&other, was, kind, other.calls[was].handle[0]) != NO_LINE ||
	       find_filling_line(&result, is, kind, result.calls[is].handle[0]) == NO_LINE;
}

static bool is_valid_copied_call(struct renaming *r, size_t is)
{
	size_t was = find_call_of_line(&other, result.calls[is].line);
	struct call call = result.calls[is];
	unsigned int handles = 0;

	if (was == other.count || !still_fills(was, is) ||
	    !record_renaming(r, other.calls[was].thread | 1u << 16, call.thread | 1u << 16))
		return false;
	for (const char *kind = op_table[call.op].argument_kinds; *kind; kind++)
		if (op_handle_count(*kind)) {
			if (*kind & 0x20 && !refers_to_same(r, was, is, handles, *kind))
				return false;
			handles++;
		}
	memcpy(call.handle, other.calls[was].handle, sizeof(call.handle));
	call.thread = other.calls[was].thread;
	return call_equal(&call, &other.calls[was]);
}

static bool is_unchanged_own_call(size_t was, size_t is)
{
	unsigned int handles = 0;

	if (was == own.count || !call_equal(&own.calls[was], &result.calls[is]))
		return false;
	for (const char *kind = op_table[own.calls[was].op].argument_kinds; *kind; kind++)
		if (op_handle_count(*kind)) {
			uint8_t handle = own.calls[was].handle[handles++];

			if (*kind & 0x20 && find_filling_line(&own, was, *kind, handle) !=
						    find_filling_line(&result, is, *kind, handle))
				return false;
		}
	return true;
}

/* The order of calls is kept: lines increase. */
static bool all_refer_to_same(void)
{
	static struct renaming renaming;
	uint32_t last_own = 0, last_other = 0;

	renaming.pair_count = 0;
	for (size_t i = 0; i < result.count; i++) {
		uint32_t line = result.calls[i].line;
		uint32_t *last = line < OTHERS ? &last_own : &last_other;
		bool fits = line < OTHERS ? is_unchanged_own_call(find_call_of_line(&own, line), i)
					  : is_valid_copied_call(&renaming, i);

		if (!fits || line <= *last)
			return false;
		*last = line;
	}
	return last_other;
}

static void make_program(struct program *program, uint64_t seed, uint32_t line)
{
	make_interacting_program(&seed, program, 50, OP_COUNT);
	for (size_t i = 0; i < program->count; i++)
		program->calls[i].line = line++;
}

static void make_both_programs(uint64_t seed)
{
	make_program(&own, seed, 1);
	make_program(&other, ~seed, OTHERS);
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
		struct mutate_request request = { seed, PROGRAM_CALLS, &other, NULL };
		size_t others = 0, fillers = 0;

		make_both_programs(seed);
		if (!mutate_with(MUTATION_splice, &result, &request))
			continue;
		spliced++;
		same += all_refer_to_same();
		whole += result.count > own.count && find_call_of_line(&result, 1) < result.count;
		for (size_t i = 0; i < result.count; i++)
			if (result.calls[i].line >= OTHERS) {
				others++;
				fillers += result.calls[i].op == OP_alloc_page;
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
