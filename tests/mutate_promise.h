/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The promise of each mutation, which test_mutate.c checks. */
#ifndef TESTS_MUTATE_PROMISE_H
#define TESTS_MUTATE_PROMISE_H

#include "harness/mutate/mutate.h"

/* The maximal number of calls of results. */
#define CALLS_MAX 64

/* The line numbers of @other begin here, so that they differ from the line numbers of @before. */
#define OTHER_LINES 2000

/*
 * The program before the mutation, the program whose calls the mutation `splice` inserts, and the
 * result.
 */
extern struct program before, other, after;

bool are_same_calls(const struct call *a, const struct call *b, size_t count);

/* Return: whether @before and @after differ only as the line of the mutation in mutations.def says.
 */
bool keeps_promise(enum mutation mutation);

/*
 * A replacement of an engine with a recognisable result: it appends a record of engine_byte, or if
 * there is no space writes engine_byte to the first byte.
 */
extern uint8_t engine_byte;
size_t fake_engine(uint8_t *bytes, size_t size, size_t max);

#endif
