/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where there is more to run than jobs, seats take turns: whoever had least gets what is
 * free, first among targets, then among engines, then among an engine's roles.
 */
#include "tool/campaign/campaign_parts.h"

#define TURN_MOST 600000L /* ms */
#define TURN_LEAST 10000L
#define RETRY_MOST 60000L

/* What one has had, and is about to have. */
static long weight(const struct loop *loop, long used, unsigned int running_now)
{
	return used + running_now * (loop->turn ? loop->turn : TURN_MOST);
}

static struct seat *next_of_crew(const struct loop *loop, struct crew *crew)
{
	unsigned int limit = seats_in_crew(crew) + 1;
	struct seat *best = NULL;

	if (!crew->there)
		return NULL;
	if (limit < crew->engine->roles)
		limit = crew->engine->roles;
	for (unsigned int n = 0; n < limit && n < CREW_SEATS; n++) {
		struct seat *seat = &crew->seats[n];

		if (!seat->pid && seat->not_before <= loop->now &&
		    (!best || seat->used < best->used))
			best = seat;
	}
	return best;
}

static struct seat *next_of_target(const struct loop *loop, struct target *target)
{
	struct seat *best = NULL;
	long least = 0;

	if (target->paused)
		return NULL;
	for (size_t i = 0; i < ENGINES; i++) {
		struct crew *crew = &target->crews[i];
		struct seat *seat = next_of_crew(loop, crew);
		long had = weight(loop, crew->used, seats_in_crew(crew));

		if (seat && (!best || had < least)) {
			best = seat;
			least = had;
		}
	}
	return best;
}

struct seat *turn_next(const struct loop *loop)
{
	struct seat *best = NULL;
	long least = 0;

	for (size_t i = 0; i < loop->campaign->count; i++) {
		struct target *target = loop->campaign->targets[i];
		struct seat *seat = next_of_target(loop, target);
		long had = weight(loop, target->used, seats_on_target(target));

		if (seat && (!best || had < least)) {
			best = seat;
			least = had;
		}
	}
	return best;
}

void turn_later(struct seat *seat, long now)
{
	long wait = 1000L << (seat->failures < 6 ? seat->failures : 6);

	seat->not_before = now + (wait < RETRY_MOST ? wait : RETRY_MOST);
	seat->failures++;
}

void turn_plan(struct loop *loop)
{
	const struct fuzz_options *options = &loop->campaign->options;
	unsigned int roles = 0;
	long turn;

	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			if (loop->campaign->targets[i]->crews[e].there) {
				roles += engines[e]->roles;
				loop->crews++;
			}
	turn = (long)(options->time * 1000UL * options->jobs / (roles ? roles : 1));
	if (!options->time || turn > TURN_MOST)
		turn = TURN_MOST;
	loop->turn = roles <= options->jobs ? 0 : turn > TURN_LEAST ? turn : TURN_LEAST;
}
