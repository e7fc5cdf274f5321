/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The two strategies that choose at random. The same seed gives the same interleavings. */
#include "harness/interleave/strategy.h"

#include "harness/util/random.h"

/* The number of moments at which PCT lowers a priority; it finds bugs of at most this number + 1 steps. */
#define PRIORITY_CHANGES 2

static uint64_t seed, random_state;

static struct {
	unsigned int priorities[PROGRAM_THREADS]; /* all different; a higher number runs first */
	unsigned int lowest;
	size_t changes[PRIORITY_CHANGES]; /* numbers of decisions */
	size_t longest_execution;
} pct;

void strategy_set_seed(uint64_t new_seed)
{
	seed = new_seed;
}

static void begin_search(void)
{
	random_state = seed;
	pct.longest_execution = 1;
}

static void begin_execution(void)
{
}

static uint8_t choose_at_random(const struct moment *moment)
{
	return random_index_of_set_bit(&random_state, moment->enabled);
}

/* The search never is complete; the caller limits the number of executions. */
static bool prepare_next(size_t decision_count)
{
	if (decision_count > pct.longest_execution)
		pct.longest_execution = decision_count;
	return true;
}

static void draw_priorities_and_changes(void)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		pct.priorities[t] = PRIORITY_CHANGES + 1 + t;
	for (unsigned int t = PROGRAM_THREADS - 1; t; t--) {
		unsigned int other = random_below(&random_state, t + 1), priority = pct.priorities[t];

		pct.priorities[t] = pct.priorities[other];
		pct.priorities[other] = priority;
	}
	pct.lowest = PRIORITY_CHANGES;
	for (unsigned int i = 0; i < PRIORITY_CHANGES; i++)
		pct.changes[i] = random_below(&random_state, pct.longest_execution);
}

static uint8_t choose_by_priority(const struct moment *moment)
{
	uint8_t best = NO_THREAD;

	for (unsigned int i = 0; i < PRIORITY_CHANGES; i++)
		if (pct.changes[i] == moment->index && moment->running != NO_THREAD)
			pct.priorities[moment->running] = pct.lowest--;
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (moment->enabled & 1u << t &&
		    (best == NO_THREAD || pct.priorities[t] > pct.priorities[best]))
			best = t;
	return best;
}

const struct strategy strategy_random = {
	.name = "random",
	.begin_search = begin_search,
	.begin_execution = begin_execution,
	.choose = choose_at_random,
	.prepare_next = prepare_next,
};

const struct strategy strategy_pct = {
	.name = "pct",
	.begin_search = begin_search,
	.begin_execution = draw_priorities_and_changes,
	.choose = choose_by_priority,
	.prepare_next = prepare_next,
};
