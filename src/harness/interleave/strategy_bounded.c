/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A depth-first search of all interleavings with a limited number of preemptions: switches away from a thread
 * that could go on.
 */
#include "harness/interleave/strategy.h"

#include <limits.h>

#include "harness/util/isolate.h"

struct node {
	uint16_t enabled, done; /* sets of threads; done: alternatives that the search has tried */
	uint8_t chosen, running;
	unsigned int preemptions; /* before this decision */
};

/* In shared memory, because an execution may run in a child process. */
static struct search {
	struct node nodes[DECISIONS_MAX];
	size_t prefix_length;
} * search;

static unsigned int preemption_limit = 2;

void strategy_bounded_set_limit(unsigned int preemptions)
{
	preemption_limit = preemptions;
}

/* Return: 1 if a choice of @thread preempts the running thread, else 0. */
static unsigned int count_preemption(const struct node *node, uint8_t thread)
{
	return node->running != NO_THREAD && node->enabled & 1u << node->running && thread != node->running;
}

static void begin_search(void)
{
	if (!search)
		search = isolate_map_shared_or_exit(sizeof(*search));
	search->prefix_length = 0;
}

static void begin_execution(void)
{
}

static uint8_t choose(const struct moment *moment)
{
	struct node *node = &search->nodes[moment->index];
	const struct node *before = node - 1;

	if (moment->index < search->prefix_length)
		return node->enabled == moment->enabled ? node->chosen : NO_THREAD;
	node->enabled = moment->enabled;
	node->running = moment->running;
	node->preemptions =
		moment->index ? before->preemptions + count_preemption(before, before->chosen) : 0;
	node->chosen = strategy_default_choice(moment);
	node->done = (uint16_t)(1u << node->chosen);
	return node->chosen;
}

/* Return: the alternatives of the node that are within the limit and were not tried. */
static uint16_t find_alternatives(const struct node *node)
{
	uint16_t left = node->enabled & (uint16_t)~node->done;

	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (preemption_limit != UINT_MAX &&
		    node->preemptions + count_preemption(node, t) > preemption_limit)
			left &= (uint16_t) ~(1u << t);
	return left;
}

static bool prepare_next(size_t decision_count)
{
	for (size_t i = decision_count; i--;) {
		uint16_t left = find_alternatives(&search->nodes[i]);

		if (!left)
			continue;
		search->nodes[i].chosen = (uint8_t)__builtin_ctz(left);
		search->nodes[i].done |= (uint16_t)(1u << search->nodes[i].chosen);
		search->prefix_length = i + 1;
		return true;
	}
	return false;
}

const struct strategy strategy_bounded = {
	.name = "bounded",
	.begin_search = begin_search,
	.begin_execution = begin_execution,
	.choose = choose,
	.prepare_next = prepare_next,
};
