/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Chooses the pieces of a sequence that the next candidate lacks. The caller tests each candidate.
 *
 * Runs of pieces are left out from the end to the beginning: first halves, then quarters, at last
 * single pieces. One piece stays.
 */
#ifndef HARNESS_TRIM_H
#define HARNESS_TRIM_H

#include "harness/program/program.h"

struct trim {
	size_t piece_count;
	size_t begin, end; /* the candidate lacks the pieces [begin, end) */
	size_t chunk_size;
};

/* Return: the maximal number of candidates. */
unsigned int trim_init(struct trim *trim, size_t piece_count);

/* Chooses the pieces that the next candidate lacks. Return: false if there is no candidate. */
bool trim_next(struct trim *trim);

/* Records whether the candidate was accepted: then the sequence does not have the pieces any more. */
void trim_record(struct trim *trim, bool was_accepted);

/* Makes the candidate of a program, whose pieces are its calls. */
void trim_make_candidate(const struct trim *trim, const struct program *program,
			 struct program *candidate);

#endif
