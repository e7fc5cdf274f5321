/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs one interleaving, given as deviations. A deviation that does not fit ends the execution. */
#include "harness/interleave/strategy.h"
#include "harness/program/deviations.h"
#include "harness/util/isolate.h"

static const struct deviations *deviations;
static size_t *used_count; /* in shared memory, because an execution may run in a child process */

void strategy_replay_set_deviations(const struct deviations *new_deviations)
{
	deviations = new_deviations;
}

size_t strategy_replay_count_unused(void)
{
	return deviations->count - *used_count;
}

static void begin_search(void)
{
	if (!used_count)
		used_count = isolate_map_shared_or_exit(sizeof(*used_count));
}

static void begin_execution(void)
{
	*used_count = 0;
}

static uint8_t choose(const struct moment *moment)
{
	uint8_t running = moment->running == NO_THREAD ? THREAD_MAIN : moment->running;
	uint8_t thread = deviations_find(deviations, running, moment->position);

	if (thread == NO_THREAD)
		return strategy_default_choice(moment);
	++*used_count;
	return moment->enabled & 1u << thread ? thread : NO_THREAD;
}

static bool prepare_next(size_t decision_count)
{
	(void)decision_count;
	return false;
}

const struct strategy strategy_replay = {
	.name = "replay",
	.decides_at_every_point = true,
	.begin_search = begin_search,
	.begin_execution = begin_execution,
	.choose = choose,
	.prepare_next = prepare_next,
};
