/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/campaign_parts.h"

void seats_of_target(struct loop *loop, struct target *target, seat_fn *fn)
{
	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < CREW_SEATS; n++)
			if (target->crews[i].seats[n].pid)
				fn(loop, &target->crews[i].seats[n]);
}

void seats_running(struct loop *loop, seat_fn *fn)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		seats_of_target(loop, loop->campaign->targets[i], fn);
}

unsigned int seats_in_crew(const struct crew *crew)
{
	unsigned int count = 0;

	for (size_t n = 0; n < CREW_SEATS; n++)
		count += crew->seats[n].pid != 0;
	return count;
}

unsigned int seats_on_target(const struct target *target)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ENGINES; i++)
		count += seats_in_crew(&target->crews[i]);
	return count;
}

unsigned int seats_count(const struct loop *loop)
{
	unsigned int count = 0;

	for (size_t i = 0; i < loop->campaign->count; i++)
		count += seats_on_target(loop->campaign->targets[i]);
	return count;
}

struct seat *seats_find(const struct loop *loop, pid_t pid)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			for (size_t n = 0; n < CREW_SEATS; n++) {
				struct seat *seat = &loop->campaign->targets[i]->crews[e].seats[n];

				if (seat->pid == pid)
					return seat;
			}
	return NULL;
}
