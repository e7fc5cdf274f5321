/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The processes of the determinism check that execute inputs, and the outcome that they write for
 * each input.
 *
 * This module needs a compiler with inline edge counters (-fsanitize=fuzzer-no-link).
 */
#ifndef FUZZ_SAME_SERVE_H
#define FUZZ_SAME_SERVE_H

#include <stdint.h>

#include "fuzz/fuzz.h"

struct outcome {
	uint64_t part_digests[DIGEST_PARTS];
	uint8_t edge_counters[];
};

size_t same_outcome_size(void);

/*
 * Return: the number of edges of this program, the same in all its processes; 0 if it was built
 * without edge counters.
 */
size_t same_count_edges(void);

/* Writes the function and source line of the edge to @name, or its address. */
void same_format_edge_name(size_t edge, char *name, size_t size);

struct serve_options {
	bool is_process_per_input;
	bool keeps_detector_memory; /* between inputs */
	bool records_all_races;     /* of a program, where the target stops at the first race */
};

/*
 * Reads file names from standard input, each followed by a 0 byte, executes the files, and writes
 * the outcome of each to standard output. Return: an exit status.
 */
int same_serve_inputs(const struct serve_options *options);

#endif
