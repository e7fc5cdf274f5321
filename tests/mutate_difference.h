/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a program differs from what it was before a mutation. */
#ifndef TESTS_MUTATE_DIFFERENCE_H
#define TESTS_MUTATE_DIFFERENCE_H

#include "harness/program/program.h"

/* Calls of a program here. */
#define MOST 64

/* What is mutated, the program that some mutations take from, and what came of it. */
extern struct program before, other, after;

bool same_call(const struct call *a, const struct call *b);

bool same_calls(const struct call *a, const struct call *b, size_t count);

/* The one call that differs, its index in @at. */
bool one_differs(size_t *at);

/* One call differs, and in one number alone. */
bool one_number(uint64_t *was, uint64_t *is);

/* @after without @count calls from @at on is @before. */
bool is_before_without(size_t at, size_t count);

/* @after without its new calls is @before. Return: how many there are, or 0. */
size_t new_calls(size_t at[MOST]);

/* Where they begin and end to differ, as lengths of what is the same. */
void common_ends(size_t *head, size_t *tail);

#endif
