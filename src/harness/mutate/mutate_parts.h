/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Internal to the mutator. */
#ifndef HARNESS_MUTATE_PARTS_H
#define HARNESS_MUTATE_PARTS_H

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/abstract_state.h"

struct mutator {
	struct program *program;
	const struct program *other; /* may be @program itself */
	size_t max_calls;
	uint64_t random_state;
	mutate_engine_fn engine;
};

/* One function for each line of mutations.def. Return: true if the program changed. */
#define MUTATION(name, ...) bool mutate_##name(struct mutator *m);
#include "harness/mutate/mutations.def"
#undef MUTATION

static inline uint32_t draw_below(struct mutator *m, size_t limit)
{
	return random_below(&m->random_state, limit);
}

static inline bool draw_once_in(struct mutator *m, uint32_t times)
{
	return random_once_in(&m->random_state, times);
}

static inline uint8_t draw_bit_index(struct mutator *m, uint32_t mask)
{
	return random_set_bit_index(&m->random_state, mask);
}

/* Successive calls of a program; @count is never 0. */
struct call_range {
	size_t first, count;
};

/* Draws a range of mostly 1 call, sometimes few, seldom many. @program has at least one call. */
struct call_range mutate_draw_range(struct mutator *m, const struct program *program);

static inline size_t mutate_count_free_calls(const struct mutator *m)
{
	return m->max_calls - m->program->count;
}

/* Return: whether the number is valid for an argument of that letter. */
bool mutate_number_fits(char letter, uint64_t number);

/* Return: a random number, mostly an edge, or a number that the program has. */
uint64_t mutate_any_number(struct mutator *m);

static inline uint32_t mutate_all_handles(enum handle_kind kind)
{
	return (uint32_t)((1ull << op_handle_count(op_handle_letters[kind])) - 1);
}

/* Return: the handles of the kind that are not filled, as bits. */
static inline uint32_t mutate_find_unfilled_handles(const struct abstract_state *state,
						    enum handle_kind kind)
{
	return mutate_all_handles(kind) & ~state->filled_handles[kind];
}

/*
 * Return: a random handle of the kind for a call of @thread, mostly one that fits @state.
 * @must_be_free: the call fills the handle
 */
uint8_t mutate_any_handle(struct mutator *m, const struct abstract_state *state, enum handle_kind kind,
			  bool must_be_free, uint8_t thread);

/* Return: a random value for an argument `v` or `g`. */
uint8_t mutate_any_value(struct mutator *m, char letter);

uint8_t mutate_any_thread(struct mutator *m);

/* Makes a new call @op for a place with @state. */
void mutate_make_call(struct mutator *m, struct call *call, enum op op,
		      const struct abstract_state *state);

#endif
