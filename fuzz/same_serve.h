/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The processes of the determinism check that execute inputs, and what they write of each.
 *
 * Needs a compiler that counts edges in place (-fsanitize=fuzzer-no-link).
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

/* Edges of this program, the same in all its processes; 0: it was not built to count. */
size_t same_count_edges(void);

/* Where in the program the edge is, in words or as an address. */
void same_format_edge_name(size_t edge, char *name, size_t size);

struct serve_options {
	bool is_process_per_input;
	bool keeps_detector_memory; /* between inputs */
	bool records_all_races;     /* of a program, where the target stops at the first race */
};

/*
 * Executes the files that standard input names, each name with a 0 byte after it, and writes the
 * outcome of each to standard output.
 */
int same_serve_inputs(const struct serve_options *options);

#endif
