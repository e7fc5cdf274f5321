/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/op.h"

#include <string.h>

const struct op_info op_table[OP_COUNT] = {
#define OP(name, args, result, ...) [OP_##name] = { #name, args, result },
#include "harness/program/ops.def"
#undef OP
};

const char op_handle_letters[HANDLE_KINDS] = { 'p', 'k', 'u', 'm', 's' };

enum op op_find(const char *name, size_t len)
{
	for (enum op op = 0; op < OP_COUNT; op++)
		if (strlen(op_table[op].name) == len && !memcmp(op_table[op].name, name, len))
			return op;
	return OP_COUNT;
}

bool op_is_mapped_access(enum op op)
{
	return op == OP_load || op == OP_store || op == OP_load_atomic || op == OP_store_atomic;
}

bool op_orders_threads(enum op op)
{
	return op == OP_lock || op == OP_unlock || op == OP_post || op == OP_wait;
}

bool op_fills_handle(enum op op)
{
	return op_table[op].argument_kinds[0] >= 'A' && op_table[op].argument_kinds[0] <= 'Z';
}

enum handle_kind op_handle_kind_of_letter(char letter)
{
	enum handle_kind kind = 0;

	while (kind < HANDLE_KINDS && op_handle_letters[kind] != (letter | 0x20))
		kind++;
	return kind;
}

unsigned int op_count_handles_of_letter(char letter)
{
	static const unsigned int counts[HANDLE_KINDS + 1] = { 8, 32, 4, 4, 4, 0 };

	return counts[op_handle_kind_of_letter(letter)];
}
