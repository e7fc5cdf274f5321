/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/access_log.h"

#include <stdlib.h>

#include "harness/program/trace.h"

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

#define BLOCK_BYTES (TRACE_PAGE / 64)
#define MARGIN      8

/* Return: the blocks that the access touches. */
static uint64_t find_blocks_of_access(const struct access *access)
{
	int first = (access->from < MARGIN ? 0 : access->from - MARGIN) / BLOCK_BYTES;
	int last =
		(access->to + MARGIN > TRACE_PAGE ? TRACE_PAGE - 1 : access->to + MARGIN - 1) / BLOCK_BYTES;

	return UINT64_MAX >> (63 - last) & UINT64_MAX << first;
}

static bool is_whole_page(const struct access *access)
{
	return access->to - access->from == TRACE_PAGE;
}

uint64_t access_log_find_shared_blocks(const struct access_log *access_log, const struct program *program)
{
	uint64_t blocks_of_threads[PROGRAM_THREADS] = { 0 }, in_parts = 0, of_one = 0, of_several = 0;

	for (size_t i = 0; i < access_log->access_count; i++) {
		const struct access *access = &access_log->accesses[i];
		enum op op = program->calls[access->call].op;

		if (op == OP_alloc_page || op == OP_free_page)
			continue;
		blocks_of_threads[access->thread] |= find_blocks_of_access(access);
		if (!is_whole_page(access))
			in_parts |= find_blocks_of_access(access);
	}
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		of_several |= of_one & blocks_of_threads[t];
		of_one |= blocks_of_threads[t];
	}
	return (in_parts & of_several) | 1;
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
