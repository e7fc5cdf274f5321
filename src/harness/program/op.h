/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_OP_H
#define HARNESS_OP_H

#include <stdbool.h>
#include <stddef.h>

enum op {
#define OP(name, ...) OP_##name,
#include "harness/program/ops.def"
#undef OP
	OP_COUNT
};

struct op_info {
	const char *name;
	const char *argument_kinds; /* see ops.def */
	bool has_result;
};

extern const struct op_info op_table[OP_COUNT];

/* Return: the call of that name (not ended by a NUL), or OP_COUNT. */
enum op op_find(const char *name, size_t len);

/* Return: whether the call is an access through a mapping: load, store or an atomic one. */
bool op_is_mapped_access(enum op op);

/* Return: whether the first argument is a handle that the call fills. */
bool op_fills_handle(enum op op);

/* Return: the number of handles of a kind (p k u m s, either case); 0 if the letter is no kind. */
unsigned int op_handle_count(char kind);

#endif
