/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What test_mutate.c holds each mutation to. */
#ifndef TESTS_MUTATE_PROMISE_H
#define TESTS_MUTATE_PROMISE_H

#include "harness/mutate/mutate.h"
#include "tests/mutate_difference.h"

/* Lines of @other begin here, so that its calls are known among those of @before. */
#define OTHER_LINES 2000

/* What is mutated, the program that some mutations take from, and what came of it. */
extern struct program before, other, after;

/* One for each line of mutations.def: does it say of @before and @after what was done? */
extern bool (*const promises[MUTATION_COUNT])(void);

/* An engine that one can recognise: it writes engine_byte, or adds a record of nothing else. */
extern uint8_t engine_byte;
size_t fake_engine(uint8_t *bytes, size_t size, size_t max);

#endif
