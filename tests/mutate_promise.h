/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What test_mutate.c requires of each mutation. */
#ifndef TESTS_MUTATE_PROMISE_H
#define TESTS_MUTATE_PROMISE_H

#include "harness/mutate/mutate.h"

/* Maximal number of calls. */
#define CALLS_MAX 64

/* Lines of @other begin here, which distinguishes its calls from those of @before. */
#define OTHER_LINES 2000

/*
 * The program before the mutation, the program that some mutations take calls from, and the
 * result.
 */
extern struct program before, other, after;

bool are_same_calls(const struct call *a, const struct call *b, size_t count);

/* Return: whether @before and @after differ only as the line of mutations.def says. */
bool keeps_promise(enum mutation mutation);

/*
 * An engine with a recognisable result: it writes engine_byte, or appends a record of
 * engine_byte.
 */
extern uint8_t engine_byte;
size_t fake_engine(uint8_t *bytes, size_t size, size_t max);

#endif
