/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The mutator: changes programs into other valid programs. mutations.def says how, and how
 * often each way is taken.
 *
 * A function of its arguments alone: same program, same request, same result.
 */
#ifndef HARNESS_MUTATE_H
#define HARNESS_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

enum mutation {
#define MUTATION(name, weight, what) MUTATION_##name,
#include "harness/mutate/mutations.def"
#undef MUTATION
	MUTATION_COUNT
};

struct mutator;

struct mutation_info {
	const char *name;
	unsigned int weight;
	const char *what;
	bool (*apply)(struct mutator *m);
};

extern const struct mutation_info mutation_table[MUTATION_COUNT];

/* Changes @size bytes, to at most @max. Return: how many there are then. */
typedef size_t (*mutate_engine_fn)(uint8_t *bytes, size_t size, size_t max);

struct mutate_request {
	uint64_t seed;
	size_t max_calls;	     /* of the result; what is beyond is cut off first */
	const struct program *other; /* to splice with; NULL: the program itself */
	mutate_engine_fn engine;     /* NULL: none */
};

/*
 * Changes @program once. Its lines stay with their calls and go along with copies, new
 * calls have line 0; whether claims still hold is the caller's affair.
 * Return: how; MUTATION_COUNT if there was no room for anything.
 */
enum mutation mutate(struct program *program, const struct mutate_request *request);

/* The same in one particular way. Return: false if that would change nothing. */
bool mutate_with(enum mutation mutation, struct program *program,
		 const struct mutate_request *request);

/*
 * The offsets within a base that `edge` knows; the second numbers of NUMBER_BASES bases
 * are so far from each base (number.h).
 */
#define MUTATE_EDGES 9
extern const uint16_t mutate_edges[MUTATE_EDGES];

#endif
