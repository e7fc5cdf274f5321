/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where there is more to run than jobs, workers take turns: whoever had least gets what is
 * free, first among targets, then among engines, then among an engine's roles.
 */
#include "tool/campaign/campaign_parts.h"

#define SLICE_MOST 600000L /* ms */
#define SLICE_LEAST 10000L
#define RETRY_MOST 60000L

/* What one has had, and is about to have. */
static long weight(const struct loop *loop, long used, unsigned int running_now)
{
	return used + running_now * (loop->slice ? loop->slice : SLICE_MOST);
}

static struct worker *next_of_group(const struct loop *loop, struct worker_group *group)
{
	unsigned int limit = workers_in_group(group) + 1;
	struct worker *best = NULL;

	if (!group->there)
		return NULL;
	if (limit < group->engine->roles)
		limit = group->engine->roles;
	for (unsigned int n = 0; n < limit && n < GROUP_WORKERS; n++) {
		struct worker *worker = &group->workers[n];

		if (!worker->pid && worker->not_before <= loop->now &&
		    (!best || worker->used < best->used))
			best = worker;
	}
	return best;
}

static struct worker *next_of_target(const struct loop *loop, struct target *target)
{
	struct worker *best = NULL;
	long least = 0;

	if (target->paused)
		return NULL;
	for (size_t i = 0; i < ENGINES; i++) {
		struct worker_group *group = &target->groups[i];
		struct worker *worker = next_of_group(loop, group);
		long had = weight(loop, group->used, workers_in_group(group));

		if (worker && (!best || had < least)) {
			best = worker;
			least = had;
		}
	}
	return best;
}

struct worker *worker_next(const struct loop *loop)
{
	struct worker *best = NULL;
	long least = 0;

	for (size_t i = 0; i < loop->campaign->count; i++) {
		struct target *target = loop->campaign->targets[i];
		struct worker *worker = next_of_target(loop, target);
		long had = weight(loop, target->used, workers_on_target(target));

		if (worker && (!best || had < least)) {
			best = worker;
			least = had;
		}
	}
	return best;
}

void worker_retry_later(struct worker *worker, long now)
{
	long wait = 1000L << (worker->failures < 6 ? worker->failures : 6);

	worker->not_before = now + (wait < RETRY_MOST ? wait : RETRY_MOST);
	worker->failures++;
}

void slices_plan(struct loop *loop)
{
	const struct fuzz_options *options = &loop->campaign->options;
	unsigned int roles = 0;
	long slice;

	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			if (loop->campaign->targets[i]->groups[e].there) {
				roles += engines[e]->roles;
				loop->groups++;
			}
	slice = (long)(options->time * 1000UL * options->jobs / (roles ? roles : 1));
	if (!options->time || slice > SLICE_MOST)
		slice = SLICE_MOST;
	loop->slice = roles <= options->jobs ? 0 : slice > SLICE_LEAST ? slice : SLICE_LEAST;
}
