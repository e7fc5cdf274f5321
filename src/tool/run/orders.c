/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The orders in which inputs run, and what must be the same whatever the order is. */
#include <stdio.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/util/random.h"
#include "tool/run/engine.h"

static void shuffle(uint32_t *items, size_t count, uint64_t state)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_next(&state) % i;
		uint32_t item = items[i - 1];

		items[i - 1] = items[other];
		items[other] = item;
	}
}

size_t fill_order(const struct run_options *options, uint32_t inputs, uint32_t *order)
{
	uint32_t *last = order + (options->orders ? inputs : 0);

	for (uint32_t i = 0; i < inputs; i++) {
		order[i] = i;
		if (options->orders)
			last[i] = (inputs - 1 - i) | RUN_SECOND;
	}
	if (options->shuffled)
		shuffle(last, inputs, options->seed);
	return (size_t)(last - order) + inputs;
}

/* ---- growth ---- */

/*
 * How much may grow all the same. Detectors keep freed memory for a while and map memory of
 * their own, and ThreadSanitizer keeps each report until the process ends. Backends that give
 * each mapping an address of its own make these addresses one by one, up to a limit.
 */
struct allowance {
	const char *flavour;
	size_t megabytes, kilobytes_an_input, mappings;
};

static const struct allowance allowances[] = {
	{ "asan", 264, 0, 8 },
	{ "msan", 8, 0, 8 },
	{ "plain", 2, 0, 0 },
	{ "tsan", 16, 16, 8 },
};

#define MAPPED_ADDRESSES 64

static bool has_grown(struct flavour_run *run, const char *what, size_t before, size_t after,
		      size_t allowed)
{
	if (after <= before + allowed)
		return false;
	snprintf(run->growth, sizeof(run->growth),
		 "%s: expected the second order to leave no more than the first, got %zu after %zu",
		 what, after, before);
	return true;
}

static const struct allowance *find_allowance(const char *flavour)
{
	const struct allowance *allowance = allowances;

	while (strcmp(allowance->flavour, flavour))
		allowance++;
	return allowance;
}

void check_growth_of_orders(struct flavour_run *run, size_t inputs)
{
	const struct footprint *before = &run->before, *after = &run->after;
	const struct allowance *allowance = find_allowance(run->flavour);
	size_t addresses = strcmp(exec_backend(), "direct") ? MAPPED_ADDRESSES : 0;

	if (run->measured && !has_grown(run, "bytes of the heap", before->heap, after->heap, 0) &&
	    !has_grown(run, "descriptors", (size_t)before->descriptor, (size_t)after->descriptor, 0) &&
	    !has_grown(run, "mappings", before->mappings, after->mappings,
		       allowance->mappings + addresses))
		has_grown(run, "resident bytes", before->resident, after->resident,
			  (allowance->megabytes << 20) +
				  inputs * (allowance->kilobytes_an_input << 10));
}
