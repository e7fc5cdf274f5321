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
	uint64_t parts[DIGEST_PARTS]; /* a digest each */
	uint8_t edges[];	       /* a counter for each edge */
};

size_t outcome_size(void);

/* Edges of this program, the same in all its processes; 0: it was not built to count. */
size_t edge_count(void);

/* Where in the program the edge is, in words or as an address. */
void edge_name(size_t edge, char *name, size_t size);

struct serve_options {
	bool apart;	/* each input in a process of its own */
	bool keep;	/* the detector's memory is kept between inputs */
	bool all_races; /* each race of a program, where the target stops at the first */
};

/*
 * Executes the files that standard input names, each name with a 0 byte after it, and writes the
 * outcome of each to standard output.
 */
int same_serve(const struct serve_options *options);

#endif
