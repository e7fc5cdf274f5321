/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The mutator: changes programs into other valid programs. mutations.def lists the mutations and their
 * weights.
 *
 * The same program and the same request always give the same result.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

enum mutation {
#define MUTATION(name, ...) MUTATION_##name,
#include "harness/mutate/mutations.def"
	MUTATION_COUNT
};

struct mutator;

struct mutation_info {
	const char *name;
	unsigned int weight;                             /* relative frequency of the mutation */
	size_t least_call_count, least_insertable_calls; /* minimal calls in the program, and minimal space */
	const char *description;                         /* what the mutation changes */
	bool (*apply)(struct mutator *m);
};

extern const struct mutation_info mutation_table[MUTATION_COUNT];

/* Changes @size bytes in place; the result has at most @max bytes. Return: the new size. */
typedef size_t (*mutate_engine_fn)(uint8_t *bytes, size_t size, size_t max);

struct mutate_request {
	uint64_t seed;
	size_t max_calls;            /* limit for the result; surplus calls are removed before the mutation */
	const struct program *other; /* program to splice with; NULL: the program itself */
	mutate_engine_fn engine;     /* mutates the bytes of a program; NULL: none */
};

/*
 * Changes @program by one random mutation. Old calls and their copies keep their line numbers; new calls have
 * line 0. Expected results and `expect` may be wrong afterwards. Return: the mutation; MUTATION_COUNT if no
 * drawn mutation changed the program.
 */
enum mutation mutate(struct program *program, const struct mutate_request *request);

/*
 * Applies the given mutation. Return: whether the mutation changed the program; the removal of surplus calls
 * does not count.
 */
bool mutate_with(enum mutation mutation, struct program *program, const struct mutate_request *request);

/* Edges are distances from a base (number.h) at which code is often wrong. */
#define MUTATE_EDGES 9
extern const uint16_t mutate_edges[MUTATE_EDGES];
