/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program.h"

#include <string.h>

#include "harness/util/number.h"

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

bool call_equal(const struct call *a, const struct call *b)
{
	return a->op == b->op && a->thread == b->thread && a->value == b->value &&
	       a->has_fault == b->has_fault && !memcmp(a->handle, b->handle, sizeof(a->handle)) &&
	       !memcmp(a->number, b->number, sizeof(a->number));
}

bool program_equal(const struct program *a, const struct program *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!call_equal(&a->calls[i], &b->calls[i]))
			return false;
	return true;
}

/* Removes one argument from the copy @rest and checks its range. */
static bool parse_argument(struct call *rest, char kind, unsigned int *handles,
			   unsigned int *numbers)
{
	switch (kind) {
	case 'g':
		if (rest->value > (CALL_GFP_CONTEXT | CALL_GFP_ZERO | CALL_GFP_HIGHMEM |
				   CALL_GFP_NOFAIL))
			return false;
		rest->value = 0;
		return true;
	case 'v':
		rest->value = 0;
		return true;
	case 'f':
		if (rest->has_fault > 1 || !number_valid(rest->number[*numbers]) ||
		    (!rest->has_fault && rest->number[*numbers]))
			return false;
		rest->has_fault = 0;
		rest->number[(*numbers)++] = 0;
		return true;
	case 'z':
	case 'n':
		if (!number_valid(rest->number[*numbers]) ||
		    (kind == 'z' && rest->number[*numbers] > PROGRAM_SLICE_MAX))
			return false;
		rest->number[(*numbers)++] = 0;
		return true;
	default:
		if (rest->handle[*handles] >= op_handle_count(kind))
			return false;
		rest->handle[(*handles)++] = 0;
		return true;
	}
}

bool call_valid(const struct call *call)
{
	static const struct call nothing;
	struct call rest = *call;
	unsigned int handles = 0, numbers = 0;

	if (call->op >= OP_COUNT || call->thread >= PROGRAM_THREADS)
		return false;
	for (const char *kind = op_table[call->op].args; *kind; kind++)
		if (!parse_argument(&rest, *kind, &handles, &numbers))
			return false;
	rest.op = rest.thread = 0;
	return call_equal(&rest, &nothing);
}

bool program_valid(const struct program *program)
{
	if (program->count > PROGRAM_CALLS)
		return false;
	for (size_t i = 0; i < program->count; i++)
		if (!call_valid(&program->calls[i]))
			return false;
	return true;
}

void program_renumber(struct program *program)
{
	for (size_t i = 0; i < program->count; i++)
		program->calls[i].line = (uint32_t)i + 2; /* the header is line 1 */
}
