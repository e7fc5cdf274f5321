/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Shortens a sequence of pieces, for AFL++ and for the minimiser. A candidate is the sequence without some
 * successive pieces, a run; the caller accepts or rejects each candidate.
 *
 * Runs are left out from the end to the beginning: first halves of the sequence, then quarters, at last
 * single pieces. One piece always stays.
 */
#pragma once

#include "harness/program/program.h"

struct trim {
	size_t piece_count; /* number of pieces in the current sequence */
	size_t begin, end;  /* the candidate lacks the pieces [begin, end) */
	size_t chunk_size;  /* maximal number of pieces that a candidate lacks */
};

/* Starts with a sequence of @piece_count pieces. Return: the maximal number of candidates. */
unsigned int trim_init(struct trim *trim, size_t piece_count);

/* Chooses the pieces that the next candidate lacks. Return: false if there is no candidate. */
bool trim_choose_next(struct trim *trim);

/* Records whether the caller accepted the candidate; if so, the candidate is the new sequence. */
void trim_record_answer(struct trim *trim, bool was_accepted);

/* Copies @program, whose calls are the pieces, to @candidate, without the pieces that the candidate lacks. */
void trim_make_candidate(const struct trim *trim, const struct program *program, struct program *candidate);
