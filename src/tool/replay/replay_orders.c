/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The orders in which inputs run, and what has to be the same whatever the order.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "tool/replay/replay.h"

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void shuffle(uint32_t *items, size_t count, uint64_t state)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = next_random(&state) % i;
		uint32_t item = items[i - 1];

		items[i - 1] = items[other];
		items[other] = item;
	}
}

size_t replay_order(const struct replay_options *options, uint32_t inputs, uint32_t *order)
{
	uint32_t *last = order + (options->orders ? inputs : 0);

	for (uint32_t i = 0; i < inputs; i++) {
		order[i] = i;
		if (options->orders)
			last[i] = (inputs - 1 - i) | REPLAY_SECOND;
	}
	if (options->shuffled)
		shuffle(last, inputs, options->seed);
	return (size_t)(last - order) + inputs;
}

/* ---- what stays ---- */

/*
 * What may grow all the same. Detectors keep what was freed for a while, map memory of their
 * own, and ThreadSanitizer keeps each report for ever. Backends that give each mapping an
 * address of its own make the places for them one by one, so many and no more.
 */
struct slack {
	const char *flavour;
	size_t megabytes, kilobytes_an_input, mappings;
};

static const struct slack slacks[] = {
	{ "asan", 264, 0, 8 },
	{ "msan", 8, 0, 8 },
	{ "plain", 2, 0, 0 },
	{ "tsan", 16, 16, 8 },
};

#define PLACES 64

static bool grew(struct replay_column *column, const char *what, size_t before, size_t after,
		 size_t slack)
{
	if (after <= before + slack)
		return false;
	snprintf(column->flat, sizeof(column->flat),
		 "%s: expected the second order to leave no more than the first, got %zu after %zu",
		 what, after, before);
	return true;
}

static const struct slack *find_slack(const char *flavour)
{
	const struct slack *slack = slacks;

	while (strcmp(slack->flavour, flavour))
		slack++;
	return slack;
}

void replay_check_flat(struct replay_column *column, size_t inputs)
{
	const struct replay_footprint *before = &column->before, *after = &column->after;
	const struct slack *slack = find_slack(column->flavour);
	size_t places = strcmp(exec_backend(), "direct") ? PLACES : 0;

	if (column->measured &&
	    !grew(column, "bytes of the heap", before->heap, after->heap, 0) &&
	    !grew(column, "descriptors", (size_t)before->descriptor, (size_t)after->descriptor, 0) &&
	    !grew(column, "mappings", before->mappings, after->mappings, slack->mappings + places))
		grew(column, "resident bytes", before->resident, after->resident,
		     (slack->megabytes << 20) + inputs * (slack->kilobytes_an_input << 10));
}
