/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Predicts ThreadSanitizer's reports. Only granules that contain a race of the model can be
 * reported, marked or stop a range, and granules do not depend on each other otherwise. So only
 * those granules are simulated, and a program without races costs nothing.
 */
#include "harness/detect/tsan_shadow.h"

#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/program/trace.h"

#define GRANULES (TRACE_PAGE / TSAN_GRANULE)

enum cell_state { EMPTY, MARK, KEPT };

struct cell {
	uint8_t state, mask;
	uint16_t access; /* if the state is KEPT: index of the access in the model's shadow */
};

struct granule {
	bool has_race; /* the model has a race in this granule */
	struct cell cells[TSAN_CELLS];
};

struct tsan_shadow {
	const struct shadow *shadow;
	const struct tsan_facts *facts;
	struct race_reports *race_reports;
	bool is_certain;
	const struct access *position_access; /* the access that `position` belongs to */
	uintptr_t log_position;
	uint16_t first_reported_call; /* call of the first report */
	struct granule granules[PROGRAM_PAGES][GRANULES];
};

#define NO_CALL UINT16_MAX

struct tsan_shadow *tsan_shadow_new(void)
{
	return calloc(1, sizeof(struct tsan_shadow));
}

void tsan_shadow_delete(struct tsan_shadow *tsan)
{
	free(tsan);
}

/* ---- one granule ---- */

/* Ranks what a cell implies: a plain write implies most. */
static unsigned int rank_access_weakness(const struct access *access)
{
	return (access->atomic ? 2u : 0u) + (access->write ? 0u : 1u);
}

/* Returns whether a cell has @now already. A write of the same bytes covers a read, too. */
static bool is_access_in_a_cell(const struct tsan_shadow *tsan, const struct granule *granule,
		      const struct access *now, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct cell *cell = &granule->cells[i];
		const struct access *old = &tsan->shadow->accesses[cell->access];

		if (cell->state == KEPT && cell->mask == mask && old->thread == now->thread &&
		    old->epoch == now->epoch && old->atomic == now->atomic &&
		    (old->write == now->write || !now->write))
			return true;
	}
	return false;
}

static bool is_race_with_cell(const struct tsan_shadow *tsan, const struct cell *cell,
			      size_t now_index, uint8_t mask)
{
	const struct access *old = &tsan->shadow->accesses[cell->access];
	const struct access *now = &tsan->shadow->accesses[now_index];

	return cell->state == KEPT && cell->mask & mask && old->thread != now->thread &&
	       (old->write || now->write) && !(old->atomic && now->atomic) &&
	       !clock_has_reached(&tsan->shadow->clocks[now_index], old->thread, old->epoch);
}

/* Return: the first cell that races, or NULL. */
static const struct cell *find_racing_cell(const struct tsan_shadow *tsan,
					   const struct granule *granule, size_t now, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (is_race_with_cell(tsan, &granule->cells[i], now, mask))
			return &granule->cells[i];
	return NULL;
}

/* All granules of an access share one position. */
static uintptr_t find_log_position(struct tsan_shadow *tsan, const struct access *now)
{
	if (tsan->position_access != now) {
		tsan->position_access = now;
		tsan->log_position = tsan->facts->position(tsan->facts->ctx, now);
	}
	return tsan->log_position;
}

/* Chooses the cell that the access replaces; NULL if it is unknown. */
static struct cell *choose_cell(struct tsan_shadow *tsan, struct granule *granule,
				const struct access *now, uint8_t mask)
{
	uintptr_t position;

	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct access *old = &tsan->shadow->accesses[granule->cells[i].access];

		if (granule->cells[i].state == KEPT && granule->cells[i].mask == mask &&
		    old->thread == now->thread &&
		    rank_access_weakness(old) >= rank_access_weakness(now))
			return &granule->cells[i];
	}
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (granule->cells[i].state == EMPTY)
			return &granule->cells[i];
	position = find_log_position(tsan, now);
	return position ? &granule->cells[position / sizeof(uint64_t) % TSAN_CELLS] : NULL;
}

static void add_report(struct tsan_shadow *tsan, const struct cell *cell, const struct access *now,
		   unsigned int g, uint8_t mask)
{
	const struct access *old = &tsan->shadow->accesses[cell->access];
	unsigned int both = cell->mask & mask;

	if (tsan->facts->may_be_lost(tsan->facts->ctx, old))
		tsan->is_certain = false;
	if (tsan->first_reported_call == NO_CALL)
		tsan->first_reported_call = now->call;
	race_reports_add(tsan->race_reports, &(struct race_report){
		.call = now->call,
		.earlier_thread = old->thread,
		.page = now->page,
		.from = (uint16_t)(g * TSAN_GRANULE + (unsigned int)__builtin_ctz(both)),
		.to = (uint16_t)(g * TSAN_GRANULE + 32 - (unsigned int)__builtin_clz(both)),
	});
}

/* ---- one access ---- */

/* Return: false if the range stops here. */
static bool access_granule(struct tsan_shadow *tsan, size_t index, unsigned int g)
{
	const struct access *now = &tsan->shadow->accesses[index];
	struct granule *granule = &tsan->granules[now->page][g];
	uint8_t mask = access_granule_mask(now, g);
	const struct cell *racing_cell;
	struct cell *cell;

	if (is_access_in_a_cell(tsan, granule, now, mask))
		return true;
	racing_cell = find_racing_cell(tsan, granule, index, mask);
	if (racing_cell) {
		add_report(tsan, racing_cell, now, g, mask);
		bytes_fill(granule->cells, 0, sizeof(granule->cells));
		granule->cells[0].state = MARK;
		return false;
	}
	cell = choose_cell(tsan, granule, now, mask);
	if (!cell) {
		tsan->is_certain = false;
		return true;
	}
	*cell = (struct cell){ KEPT, mask, (uint16_t)index };
	return true;
}

static bool is_granule_marked(const struct tsan_shadow *tsan, const struct access *now)
{
	bool skips = !now->atomic || !now->write;

	return skips && tsan->granules[now->page][now->from / TSAN_GRANULE].cells[0].state == MARK;
}

static void simulate_access(struct tsan_shadow *tsan, size_t index)
{
	const struct access *now = &tsan->shadow->accesses[index];
	unsigned int last = (now->to - 1u) / TSAN_GRANULE;

	if (is_granule_marked(tsan, now))
		return;
	for (unsigned int g = now->from / TSAN_GRANULE; g <= last; g++)
		if (tsan->granules[now->page][g].has_race && !access_granule(tsan, index, g))
			return;
}

/* ---- a program ---- */

static void mark_granules_of_race(struct tsan_shadow *tsan, const struct race *race)
{
	for (unsigned int g = race->from / TSAN_GRANULE; g <= (race->to - 1u) / TSAN_GRANULE; g++)
		tsan->granules[race->page][g].has_race = true;
}

static void init_prediction(struct tsan_shadow *tsan, const struct shadow *shadow,
		  const struct tsan_facts *facts, struct race_reports *race_reports)
{
	tsan->shadow = shadow;
	tsan->facts = facts;
	tsan->race_reports = race_reports;
	tsan->is_certain = true;
	tsan->first_reported_call = NO_CALL;
	tsan->position_access = NULL;
	bytes_fill(tsan->granules, 0, sizeof(tsan->granules));
	for (size_t i = 0; i < shadow->race_count; i++)
		mark_granules_of_race(tsan, &shadow->races[i]);
}

bool tsan_shadow_predict(struct tsan_shadow *tsan, const struct shadow *shadow,
			 const struct tsan_facts *facts, bool first_only,
			 struct race_reports *race_reports)
{
	race_reports_clear(race_reports);
	if (!shadow->race_count)
		return true;
	init_prediction(tsan, shadow, facts, race_reports);
	for (size_t i = 0; i < shadow->access_count && tsan->is_certain; i++) {
		if (first_only && tsan->first_reported_call != NO_CALL &&
		    shadow->accesses[i].call != tsan->first_reported_call)
			break;
		simulate_access(tsan, i);
	}
	return tsan->is_certain;
}
