/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The two strategies that choose at random. The same seed gives the same interleavings. */
#include "harness/interleave/strategy.h"

#include "harness/util/isolate.h"
#include "harness/util/random.h"

/* The number of moments at which PCT lowers a priority; it finds bugs of at most this number + 1 steps. */
#define PRIORITY_CHANGES 2

static uint64_t seed;

/* In shared memory, because an execution may run in a child process. */
static struct search {
	uint64_t random_state;
	unsigned int priorities[PROGRAM_THREADS]; /* all different; a higher number runs first */
	unsigned int lowest;
	size_t changes[PRIORITY_CHANGES]; /* numbers of decisions */
	size_t longest_execution;
} * search;

void strategy_set_seed(uint64_t new_seed)
{
	seed = new_seed;
}

static void begin_search(void)
{
	if (!search)
		search = isolate_map_shared_or_exit(sizeof(*search));
	search->random_state = seed;
	search->longest_execution = 1;
}

static void begin_execution(void)
{
}

static uint8_t choose_at_random(const struct moment *moment)
{
	return random_index_of_set_bit(&search->random_state, moment->enabled);
}

/* The search never is complete; the caller limits the number of executions. */
static bool prepare_next(size_t decision_count)
{
	if (decision_count > search->longest_execution)
		search->longest_execution = decision_count;
	return true;
}

static void draw_priorities_and_changes(void)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		search->priorities[t] = PRIORITY_CHANGES + 1 + t;
	for (unsigned int t = PROGRAM_THREADS - 1; t; t--) {
		unsigned int other = random_below(&search->random_state, t + 1),
			     priority = search->priorities[t];

		search->priorities[t] = search->priorities[other];
		search->priorities[other] = priority;
	}
	search->lowest = PRIORITY_CHANGES;
	for (unsigned int i = 0; i < PRIORITY_CHANGES; i++)
		search->changes[i] = random_below(&search->random_state, search->longest_execution);
}

static uint8_t choose_by_priority(const struct moment *moment)
{
	uint8_t best = NO_THREAD;

	for (unsigned int i = 0; i < PRIORITY_CHANGES; i++)
		if (search->changes[i] == moment->index && moment->running != NO_THREAD)
			search->priorities[moment->running] = search->lowest--;
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (moment->enabled & 1u << t &&
		    (best == NO_THREAD || search->priorities[t] > search->priorities[best]))
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
