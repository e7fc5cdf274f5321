/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum op {
#define OP(name, ...) OP_##name,
#include "harness/program/ops.def"
	OP_COUNT
};

enum handle_kind { HANDLE_PAGE, HANDLE_MAP, HANDLE_SLICE, HANDLE_MUTEX, HANDLE_SEMAPHORE, HANDLE_KINDS };

/* Calls fill handles of the kinds before HANDLE_MUTEX; mutexes and semaphores always exist. */
#define HANDLE_FILLED_KINDS HANDLE_MUTEX

struct op_info {
	const char *name;
	const char *argument_kinds; /* one letter for each argument; ops.def explains the letters */
	bool has_result;
};

/* The letter of each kind of handle in a program's text; ops.def uses the letters in upper and lower case. */
extern const char op_handle_letters[HANDLE_KINDS];

extern const struct op_info op_table[OP_COUNT];

/* Return: the op of the call with this name (not ended by a NUL), or OP_COUNT. */
enum op op_find(const char *name, size_t len);

/* Return: whether the call is an access through a mapping: a load or store, atomic or not. */
bool op_is_mapped_access(enum op op);

/* Return: whether the call is lock, unlock, post or wait; free_page is not included. */
bool op_orders_threads(enum op op);

/* Return: whether the call fills a handle, which is then its first argument. */
bool op_fills_handle(enum op op);

/* Return: the kind of handle that a letter of ops.def means; HANDLE_KINDS if it means no handle. */
enum handle_kind op_handle_kind_of_letter(char letter);

/* Return: how many handles of this letter (ops.def) a program can have; 0 if the letter means no handle. */
unsigned int op_count_handles_of_letter(char letter);
