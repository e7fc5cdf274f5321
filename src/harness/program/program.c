/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program.h"

#include <string.h>

static const char *const results[RESULT_COUNT] = { "0", "EINVAL", "EFAULT", "ENOMEM" };

const char *thread_name(uint8_t thread)
{
	static const char *const names[PROGRAM_THREADS] = { "main", "T0", "T1", "T2", "T3",
							    "T4",   "T5", "T6", "T7" };

	return names[thread];
}

const char *result_name(enum result result)
{
	return result == RESULT_NONE ? "none" : results[result];
}

enum result result_find(const char *name, size_t len)
{
	for (enum result result = 0; result < RESULT_COUNT; result++)
		if (strlen(results[result]) == len && !memcmp(results[result], name, len))
			return result;
	return RESULT_NONE;
}

unsigned int call_get_handles(const struct call *call, struct call_handle handles[2])
{
	unsigned int count = 0;

	for (const char *letter = op_table[call->op].argument_kinds; *letter; letter++) {
		enum handle_kind kind = op_handle_kind_of_letter(*letter);

		if (kind == HANDLE_KINDS)
			continue;
		handles[count].kind = kind;
		handles[count].index = call->handle[count];
		handles[count++].must_be_free = *letter < 'a';
	}
	return count;
}

bool call_has_aligned_atomic_size(const struct call *call)
{
	uint64_t off = call->number[0], size = call->number[1];

	return (size == 1 || size == 2 || size == 4 || size == 8) && off % size == 0;
}

bool call_equal_ignoring_expectation(const struct call *a, const struct call *b)
{
	return a->op == b->op && a->thread == b->thread && a->value == b->value &&
	       a->has_fault == b->has_fault && !memcmp(a->handle, b->handle, sizeof(a->handle)) &&
	       !memcmp(a->number, b->number, sizeof(a->number));
}

bool program_calls_equal(const struct program *a, const struct program *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!call_equal_ignoring_expectation(&a->calls[i], &b->calls[i]))
			return false;
	return true;
}

void program_update_lines(struct program *program)
{
	size_t schedule_lines = program->schedule.count + (program->schedule.start.kind != START_USED);

	for (size_t i = 0; i < program->count; i++)
		/* The header is line 1. */
		program->calls[i].line = (uint32_t)(i + schedule_lines) + 2;
}
