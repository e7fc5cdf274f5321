/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/access_log.h"

#include <stdlib.h>

/*
 * Returns the recorded race of the two calls on the page, or NULL. The race may be recorded already, because
 * two calls with two accesses each can conflict twice. Races of the running call, @second, are at the end of
 * the array.
 */
static struct race *find_race(struct access_log *access_log, uint16_t first, uint16_t second, uint8_t page)
{
	for (size_t i = access_log->race_count; i-- && access_log->races[i].second == second;)
		if (access_log->races[i].first == first && access_log->races[i].page == page)
			return &access_log->races[i];
	return NULL;
}

static void record_or_extend_race(struct access_log *access_log, const struct access *before,
				  const struct access *now)
{
	uint16_t from = before->from > now->from ? before->from : now->from;
	uint16_t to = before->to < now->to ? before->to : now->to;
	struct race *race = find_race(access_log, before->call, now->call, now->page);

	if (!race) {
		access_log->races[access_log->race_count++] =
			(struct race){ before->call, now->call, now->page, from, to };
		return;
	}
	race->from = race->from < from ? race->from : from;
	race->to = race->to > to ? race->to : to;
}

void access_log_append(struct access_log *access_log, const struct access *now,
		       const struct clock *thread_clock)
{
	for (size_t i = 0; i < access_log->access_count; i++) {
		const struct access *before = &access_log->accesses[i];

		if (before->page != now->page || before->thread == now->thread || before->from >= now->to ||
		    now->from >= before->to)
			continue;
		if (!(before->write || now->write) ||
		    clock_includes_end_of_epoch(thread_clock, before->thread, before->epoch))
			continue;
		if (before->atomic && now->atomic)
			access_log->has_contended_atomics = true;
		else
			record_or_extend_race(access_log, before, now);
	}
	access_log->clocks[access_log->access_count] = *thread_clock;
	access_log->accesses[access_log->access_count++] = *now;
}

static int compare_races(const void *left, const void *right)
{
	const struct race *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	return (a->page > b->page) - (a->page < b->page);
}

void access_log_sort_races(struct access_log *access_log)
{
	if (access_log->race_count > 1)
		qsort(access_log->races, access_log->race_count, sizeof(*access_log->races), compare_races);
}
