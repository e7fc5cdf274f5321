/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Functions that the mutations share. */
#pragma once

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/abstract_state.h"

struct mutator {
	struct program *program;
	const struct program *other; /* the program to splice with; may be @program itself */
	size_t max_calls;            /* limit for the result */
	uint64_t random_state;
	mutate_engine_fn engine;
};

/* The mutations of mutations.def. Return: whether the program changed. */
#define MUTATION(name, ...) bool mutate_##name(struct mutator *m);
#include "harness/mutate/mutations.def"

static inline uint32_t draw_below(struct mutator *m, size_t limit)
{
	return random_below(&m->random_state, limit);
}

static inline bool draw_once_in(struct mutator *m, uint32_t times)
{
	return random_once_in(&m->random_state, times);
}

static inline uint8_t draw_set_bit_index(struct mutator *m, uint32_t mask)
{
	return random_index_of_set_bit(&m->random_state, mask);
}

/* A run of successive calls of a program; @count is never 0. */
struct call_range {
	size_t first, count;
};

/* Draws a range of mostly 1 call, sometimes few, seldom many. @program has at least one call. */
struct call_range mutate_draw_call_range(struct mutator *m, const struct program *program);

static inline size_t mutate_count_insertable_calls(const struct mutator *m)
{
	return m->max_calls - m->program->count;
}

/* Return: whether a call may have @number as an argument with the letter @argument_letter (ops.def). */
bool mutate_is_valid_number(char argument_letter, uint64_t number);

/* Return: at random, an edge (mutate.h), a number of the program, a small number, or any valid number. */
uint64_t mutate_draw_number(struct mutator *m);

/* Return: all handles of the kind, as bits. */
static inline uint32_t mutate_get_handle_mask(enum handle_kind kind)
{
	return (uint32_t)((1ull << op_count_handles_of_letter(op_handle_letters[kind])) - 1);
}

/* Return: the handles of the kind that are not filled, as bits. */
static inline uint32_t mutate_find_unfilled_handles(const struct abstract_state *state, enum handle_kind kind)
{
	return mutate_get_handle_mask(kind) & ~state->filled_handles[kind];
}

/*
 * Return: a random handle of the kind for a call of @thread, mostly one that fits @state.
 * @must_be_free: the call fills the handle, so the handle must be unfilled
 */
uint8_t mutate_draw_handle(struct mutator *m, const struct abstract_state *state, enum handle_kind kind,
			   bool must_be_free, uint8_t thread);

/* Return: random allocation flags for alloc_page, or a random byte value for another call. */
uint8_t mutate_draw_value_or_flags(struct mutator *m, enum op op);

uint8_t mutate_draw_thread(struct mutator *m);

/* Makes a call @op with random arguments, most of which fit @state, the state before the call. */
void mutate_make_call(struct mutator *m, struct call *call, enum op op, const struct abstract_state *state);
