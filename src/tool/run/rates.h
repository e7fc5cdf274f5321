/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How often real threads showed the races of programs that have one, and of programs
 * that have none.
 */
#ifndef TOOL_RATES_H
#define TOOL_RATES_H

#include <stdbool.h>
#include <stddef.h>

struct rates {
	struct rate {
		size_t programs, runs, reported;
	} racy, free_of_races;
	/* The racy program that was reported in the least part of its runs. */
	const char *least;
	unsigned int least_reported, least_runs;
};

/* @reported of the @runs of the program reported a race; it has one if it is @racy. */
void rates_add(struct rates *rates, const char *name, bool racy, unsigned int reported,
	       unsigned int runs);

/* Lines for people. */
void rates_print(const struct rates *rates, const char *flavour);

#endif
