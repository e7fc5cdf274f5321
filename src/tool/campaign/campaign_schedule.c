/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * If there is more to run than jobs, workers take turns: the one that has had least time is
 * next, first among targets, then among engines, then among an engine's roles.
 */
#include "tool/campaign/campaign.h"

#define SLICE_MOST 600000L /* ms */
#define SLICE_LEAST 10000L
#define RETRY_MOST 60000L

unsigned int workers_running(const struct target *target, const struct engine *engine)
{
	unsigned int count = 0;

	for_each_worker(worker, target)
		count += worker->pid && (!engine || worker->engine == engine);
	return count;
}

unsigned int campaign_running(const struct campaign *campaign)
{
	unsigned int count = 0;

	for (size_t i = 0; i < campaign->count; i++)
		count += workers_running(campaign->targets[i], NULL);
	return count;
}

/* The time that was used, and a slice for each worker that runs. */
static long time_of(const struct campaign *campaign, long used, unsigned int running)
{
	return used + running * (campaign->slice ? campaign->slice : SLICE_MOST);
}

/* Each engine has at least its roles, then one worker more than run. */
static struct worker *next_of_engine(const struct campaign *campaign, struct target *target, size_t number)
{
	const struct engine *engine = engines[number];
	unsigned int limit = workers_running(target, engine) + 1;
	struct worker *best = NULL;

	if (!target->engines[number].there)
		return NULL;
	if (limit < engine->roles)
		limit = engine->roles;
	for_each_worker(worker, target)
		if (worker->engine == engine && worker->number < limit && !worker->pid &&
		    worker->not_before <= campaign->now && (!best || worker->used < best->used))
			best = worker;
	return best;
}

static struct worker *next_of_target(const struct campaign *campaign, struct target *target)
{
	struct worker *best = NULL;
	long least = 0;

	if (target->paused)
		return NULL;
	for (size_t i = 0; i < ENGINES; i++) {
		struct worker *worker = next_of_engine(campaign, target, i);
		long time = time_of(campaign, target->engines[i].used, workers_running(target, engines[i]));

		if (worker && (!best || time < least)) {
			best = worker;
			least = time;
		}
	}
	return best;
}

struct worker *worker_next(const struct campaign *campaign)
{
	struct worker *best = NULL;
	long least = 0;

	for (size_t i = 0; i < campaign->count; i++) {
		struct target *target = campaign->targets[i];
		struct worker *worker = next_of_target(campaign, target);
		long time = time_of(campaign, target->used, workers_running(target, NULL));

		if (worker && (!best || time < least)) {
			best = worker;
			least = time;
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

void slices_plan(struct campaign *campaign)
{
	const struct fuzz_options *options = &campaign->options;
	unsigned int roles = 0;
	long slice;

	for (size_t i = 0; i < campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			if (campaign->targets[i]->engines[e].there) {
				roles += engines[e]->roles;
				campaign->groups++;
			}
	slice = (long)(options->time * 1000UL * options->jobs / (roles ? roles : 1));
	if (!options->time || slice > SLICE_MOST)
		slice = SLICE_MOST;
	campaign->slice = roles <= options->jobs ? 0 : slice > SLICE_LEAST ? slice : SLICE_LEAST;
}
