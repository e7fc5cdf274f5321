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

enum handle_kind {
	HANDLE_PAGE,
	HANDLE_MAP,
	HANDLE_SLICE,
	HANDLE_MUTEX,
	HANDLE_SEMAPHORE,
	HANDLE_KINDS
};

/* Calls fill handles of the kinds before this one; mutexes and semaphores always exist. */
#define HANDLE_FILLED_KINDS HANDLE_MUTEX

struct op_info {
	const char *name;
	const char *argument_kinds; /* see ops.def */
	bool has_result;
};

/* The letter of each kind of handle in a text; ops.def also has the upper case. */
extern const char op_handle_letters[HANDLE_KINDS];

extern const struct op_info op_table[OP_COUNT];

/* Return: the call of that name (not ended by a NUL), or OP_COUNT. */
enum op op_find(const char *name, size_t len);

/* Return: whether the call is an access through a mapping: load, store or an atomic one. */
bool op_is_mapped_access(enum op op);

/* Return: whether the call is on a mutex or a semaphore. */
bool op_orders_threads(enum op op);

/* Return: whether the first argument is a handle that the call fills. */
bool op_fills_handle(enum op op);

/* Return: the kind of handle of a letter of ops.def, in either case; HANDLE_KINDS for other letters. */
enum handle_kind op_handle_kind(char letter);

/* Return: the number of handles of the kind of a letter; 0 if the letter is no kind of handle. */
unsigned int op_handle_count(char letter);

#endif
