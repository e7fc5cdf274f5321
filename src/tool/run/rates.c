/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/rates.h"

#include <stdio.h>

static double share(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

void rates_add(struct rates *rates, const char *name, bool racy, unsigned int reported,
	       unsigned int runs)
{
	struct rate *rate = racy ? &rates->racy : &rates->free_of_races;

	rate->programs++;
	rate->runs += runs;
	rate->reported += reported;
	if (!racy || (rates->least && share(reported, runs) >=
					      share(rates->least_reported, rates->least_runs)))
		return;
	rates->least = name;
	rates->least_reported = reported;
	rates->least_runs = runs;
}

static void print_rate(const char *flavour, const char *which, const struct rate *rate)
{
	if (rate->programs)
		printf("%s, threads: %s: %zu, a race reported in %zu of %zu runs (%.2f %%)\n",
		       flavour, which, rate->programs, rate->reported, rate->runs,
		       share(rate->reported, rate->runs));
}

void rates_print(const struct rates *rates, const char *flavour)
{
	print_rate(flavour, "programs without a race", &rates->free_of_races);
	print_rate(flavour, "racy programs", &rates->racy);
	if (rates->least && rates->least_reported < rates->least_runs)
		printf("%s, threads: the least, %u of %u runs: %s\n", flavour,
		       rates->least_reported, rates->least_runs, rates->least);
}
