/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a program differs from the same program before a mutation. */
#ifndef TESTS_MUTATE_DIFFERENCE_H
#define TESTS_MUTATE_DIFFERENCE_H

#include "harness/program/program.h"

/* Maximal number of calls. */
#define CALLS_MAX 64

/*
 * The program before the mutation, the program that some mutations take calls from, and the
 * result.
 */
extern struct program before, other, after;

bool same_call(const struct call *a, const struct call *b);

bool same_calls(const struct call *a, const struct call *b, size_t count);

/* Does exactly one call differ? @at: gets its index. */
bool one_differs(size_t *at);

/* Does exactly one call differ, and in exactly one number? */
bool one_number(uint64_t *was, uint64_t *is);

/* Is @after without @count calls from @at on equal to @before? */
bool is_before_without(size_t at, size_t count);

/* Is @after without its new calls equal to @before? Return: the number of new calls, or 0. */
size_t new_calls(size_t at[CALLS_MAX]);

/* Gets the lengths of the equal beginnings and ends. */
void common_ends(size_t *head, size_t *tail);

#endif
