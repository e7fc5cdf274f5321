/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The promise of each mutation, which test_mutate.c checks. */
#pragma once

#include "harness/mutate/mutate.h"

/* The maximal number of calls that a mutated program may have. */
#define CALLS_MAX 64

/* The line number of the first call of @other; calls of @before have smaller line numbers. */
#define OTHER_LINES 2000

/*
 * @before: the program before the mutation; @other: its calls are inserted by `splice`; @after: the result.
 */
extern struct program before, other, after;

bool are_same_calls(const struct call *a, const struct call *b, size_t count);

/* Return: whether @after differs from @before only as mutations.def says about the mutation. */
bool keeps_promise(enum mutation mutation);

/* Replaces the engine's mutator: appends a record of @engine_byte, or changes byte 0 if there is no space. */
extern uint8_t engine_byte;
size_t fake_engine(uint8_t *bytes, size_t size, size_t max);
