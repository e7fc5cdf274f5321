/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/op.h"

#include <string.h>

const struct op_info op_table[OP_COUNT] = {
#define OP(name, args, result, ...) [OP_##name] = { #name, args, result },
#include "harness/program/ops.def"
#undef OP
};

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

bool op_fills_handle(enum op op)
{
	return op_table[op].argument_kinds[0] >= 'A' && op_table[op].argument_kinds[0] <= 'Z';
}

unsigned int op_handle_count(char kind)
{
	switch (kind | 0x20) {
	case 'p':
		return 8;
	case 'k':
		return 32;
	case 'u':
	case 'm':
	case 's':
		return 4;
	default:
		return 0;
	}
}
