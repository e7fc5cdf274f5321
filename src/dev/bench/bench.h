/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How fast programs run, with a verdict each. */
#ifndef DEV_BENCH_H
#define DEV_BENCH_H

#define BENCH_ROUNDS 1000

struct bench_order {
	unsigned int rounds; /* 1 .. BENCH_ROUNDS */
	const char *aim; /* the threshold of the first ratio, or "" */
};

/* Return: an exit status. */
int bench(const struct bench_order *order, int count, char **files);

#endif
