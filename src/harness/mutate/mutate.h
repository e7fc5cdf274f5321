/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The mutator: changes programs into other valid programs. mutations.def lists the mutations and
 * their weights.
 *
 * The result is a function of the arguments: the same program and request give the same result.
 */
#ifndef HARNESS_MUTATE_H
#define HARNESS_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

enum mutation {
#define MUTATION(name, ...) MUTATION_##name,
#include "harness/mutate/mutations.def"
#undef MUTATION
	MUTATION_COUNT
};

struct mutator;

struct mutation_info {
	const char *name;
	unsigned int weight;
	size_t least_calls, least_space; /* of a program to which it is applied */
	const char *description;
	bool (*apply)(struct mutator *m);
};

extern const struct mutation_info mutation_table[MUTATION_COUNT];

/* Changes @size bytes in place, to at most @max. Return: the new size. */
typedef size_t (*mutate_engine_fn)(uint8_t *bytes, size_t size, size_t max);

struct mutate_request {
	uint64_t seed;
	size_t max_calls; /* limit for the result; surplus calls are removed before the mutation */
	const struct program *other; /* program to splice with; NULL: the program itself */
	mutate_engine_fn engine;     /* NULL: none */
};

/*
 * Changes @program once. Calls keep their lines, copies too; new calls have line 0. Expectations
 * may no longer hold afterwards.
 * Return: the mutation; MUTATION_COUNT if there was no space for any.
 */
enum mutation mutate(struct program *program, const struct mutate_request *request);

/* Applies the given mutation. Return: false if it would change nothing. */
bool mutate_with(enum mutation mutation, struct program *program,
		 const struct mutate_request *request);

/* Distances from a base that the mutation `edge` uses; number.h has the bases. */
#define MUTATE_EDGES 9
extern const uint16_t mutate_edges[MUTATE_EDGES];

#endif
