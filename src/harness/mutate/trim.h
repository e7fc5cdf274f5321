/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Trimming a program call by call, for whoever asks one question at a time: is this smaller
 * one as good?
 *
 * Runs of calls are left out, from the end to the beginning: halves first, then quarters,
 * single calls last. The last call stays.
 */
#ifndef HARNESS_TRIM_H
#define HARNESS_TRIM_H

#include "harness/program/program.h"

struct trim {
	struct program best;  /* the smallest that was good */
	struct program candidate; /* the one in question */
	size_t chunk, end;    /* which calls it lacks: [end - chunk, end) of the best */
	unsigned int asked;
};

/* Return: the most questions that there can be. @trim->best is filled by the caller. */
unsigned int trim_init(struct trim *trim);

/* Makes the next candidate. Return: false when nothing is left to ask. */
bool trim_next(struct trim *trim);

/* What came of it. */
void trim_record(struct trim *trim, bool good);

#endif
