/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the files of the mutator share; nobody else includes this. */
#ifndef HARNESS_MUTATE_PARTS_H
#define HARNESS_MUTATE_PARTS_H

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/abstract_state.h"

struct mutator {
	struct program *program;
	const struct program *other; /* may be @program itself */
	size_t max_calls;
	uint64_t random;
	mutate_engine_fn engine;
};

/* One for each line of mutations.def. Return: true if the program is another one now. */
#define MUTATION(name, weight, what) bool mutate_##name(struct mutator *m);
#include "harness/mutate/mutations.def"
#undef MUTATION

/* Calls [first, last) of a program; never empty. */
struct call_range {
	size_t first, last;
};

/* Mostly one call, sometimes a few, seldom many. @program has calls. */
struct call_range mutate_pick_range(struct mutator *m, const struct program *program);

/* Makes room for @count calls before call @at; the program must have that room. */
void mutate_insert_gap(struct program *program, size_t at, size_t count);

/* Takes out @count calls from @at on. */
void mutate_remove_calls(struct program *program, size_t at, size_t count);

static inline size_t mutate_free_calls(const struct mutator *m)
{
	return m->max_calls - m->program->count;
}

/* The letters of the handles of a call, in their order. Return: how many. */
unsigned int mutate_handle_kinds(const struct call *call, char kinds[2]);

/* The letters of the numbers that count in a call, in their order. Return: how many. */
unsigned int mutate_number_kinds(const struct call *call, char kinds[3]);

/* May the number stand in an argument of that letter? */
bool mutate_number_fits(char kind, uint64_t number);

/* A number that is worth trying. */
uint64_t mutate_any_number(struct mutator *m);

/* The handles of that letter's kind that are not filled, as bits. */
uint32_t mutate_unfilled(const struct abstract_state *state, char letter);

/* A handle for an argument of that letter, of those in @state if there are any. */
uint8_t mutate_any_handle(struct mutator *m, const struct abstract_state *state, char letter,
			  uint8_t thread);

/* A value for an argument `v` or `g`. */
uint8_t mutate_any_value(struct mutator *m, char kind);

uint8_t mutate_any_thread(struct mutator *m);

/* A new call @op for a place with @state. */
void mutate_make_call(struct mutator *m, struct call *call, enum op op,
		      const struct abstract_state *state);

#endif
