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
#define MUTATION(name, weight, what) bool mutate_##name(struct mutator *m);
#include "harness/mutate/mutations.def"
#undef MUTATION

/* Calls [first, last) of a program; never empty. */
struct call_range {
	size_t first, last;
};

/* Returns a range of mostly 1 call, sometimes few, seldom many. @program has at least one call. */
struct call_range mutate_pick_range(struct mutator *m, const struct program *program);

static inline size_t mutate_count_free_calls(const struct mutator *m)
{
	return m->max_calls - m->program->count;
}

/* Gets the letters of the call's handles in order. Return: their number. */
unsigned int mutate_find_handle_kinds(const struct call *call, char kinds[2]);

/* Gets the letters of the call's used numbers in order. Return: their number. */
unsigned int mutate_find_number_kinds(const struct call *call, char kinds[3]);

/* Return: whether the number is valid for an argument of that letter. */
bool mutate_number_fits(char kind, uint64_t number);

/* Return: a random number, mostly an edge, or a number that the program has. */
uint64_t mutate_any_number(struct mutator *m);

/* Return: the handles of that letter's kind that are not filled, as bits. */
uint32_t mutate_find_unfilled_handles(const struct abstract_state *state, char letter);

/* Return: a random handle for an argument of that letter, mostly one that fits @state. */
uint8_t mutate_any_handle(struct mutator *m, const struct abstract_state *state, char letter,
			  uint8_t thread);

/* Return: a random value for an argument `v` or `g`. */
uint8_t mutate_any_value(struct mutator *m, char kind);

uint8_t mutate_any_thread(struct mutator *m);

/* Makes a new call @op for a place with @state. */
void mutate_make_call(struct mutator *m, struct call *call, enum op op,
		      const struct abstract_state *state);

#endif
