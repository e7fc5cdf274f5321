/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * All that a fuzz target says to one input: what it finds out, and how often each of its
 * edges was taken. Two answers to one input must be the same.
 *
 * Needs a compiler that counts edges in place (-fsanitize=fuzzer-no-link).
 */
#ifndef FUZZ_ANSWER_H
#define FUZZ_ANSWER_H

#include <stdint.h>

#include "fuzz/fuzz.h"

struct answer {
	uint64_t parts[DIGEST_PARTS]; /* a digest each */
	uint8_t edges[];	    /* answer_edges() counters */
};

/* Counters of this program. The same in all its processes; 0: it was not built to count. */
size_t answer_edges(void);

/* Size of an answer, such that they can stand in an array. */
size_t answer_size(void);

/*
 * To be called first in a process: asks the empty input, as engines do, so that what is
 * made only once is in no answer.
 * @all_races: listen to each race of a program, also where the target stops at the first
 */
void answer_begin(bool all_races);

/* Asks the target. */
void answer_take(struct answer *answer, const uint8_t *bytes, size_t size);

/* Where in the program edge number @edge is, in words or as an address. */
void answer_edge_name(size_t edge, char *name, size_t size);

#endif
