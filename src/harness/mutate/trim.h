/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Trims a program call by call, for callers that test one candidate at a time.
 *
 * Runs of calls are removed from the end to the beginning: first halves, then quarters, at last
 * single calls. The last call stays.
 */
#ifndef HARNESS_TRIM_H
#define HARNESS_TRIM_H

#include "harness/program/program.h"

struct trim {
	struct program best;  /* the smallest accepted program */
	struct program candidate; /* the program to test */
	size_t chunk, end;    /* the candidate lacks calls [end - chunk, end) of the best */
	unsigned int asked;
};

/* Starts with @trim->best. Return: the maximal number of candidates. */
unsigned int trim_init(struct trim *trim);

/* Makes the next candidate. Return: false if there is none. */
bool trim_next(struct trim *trim);

/* Records whether the candidate was accepted. */
void trim_record(struct trim *trim, bool good);

#endif
