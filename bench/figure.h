/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Output of benchmarks in C: samples, each a JSON object on one line. bench.py computes medians and
 * quartiles.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FIGURE_ROUNDS_MAX 1000

/* Return: the number of rounds: the environment variable BENCH_ROUNDS, or @default_count. */
static inline size_t figure_read_round_count(size_t default_count)
{
	const char *text = getenv("BENCH_ROUNDS");
	unsigned long rounds = text && *text ? strtoul(text, NULL, 10) : default_count;

	return rounds < 1 ? 1 : rounds > FIGURE_ROUNDS_MAX ? FIGURE_ROUNDS_MAX : rounds;
}

static inline double figure_read_seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* @aim: the threshold, such as >= 10; an empty string: no threshold */
static inline void figure_print_sample(const char *name, const char *unit, const char *aim,
				       const double *values, size_t value_count)
{
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"aim\": \"%s\", \"values\": [", name, unit, aim);
	for (size_t i = 0; i < value_count; i++)
		printf("%s%.6g", i ? ", " : "", values[i]);
	printf("]}\n");
}
