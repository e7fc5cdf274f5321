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

void tsan_shadow_delete(struct tsan_shadow *t)
{
	free(t);
}

/* ---- one granule ---- */

/* Ranks what a cell implies: a plain write implies most. */
static unsigned int rank_access_weakness(const struct access *access)
{
	return (access->atomic ? 2u : 0u) + (access->write ? 0u : 1u);
}

/* Returns whether a cell has @now already. A write of the same bytes covers a read, too. */
static bool is_access_in_a_cell(const struct tsan_shadow *t, const struct granule *granule,
		      const struct access *now, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct cell *cell = &granule->cells[i];
		const struct access *old = &t->shadow->accesses[cell->access];

		if (cell->state == KEPT && cell->mask == mask && old->thread == now->thread &&
		    old->epoch == now->epoch && old->atomic == now->atomic &&
		    (old->write == now->write || !now->write))
			return true;
	}
	return false;
}

static bool is_race_with_cell(const struct tsan_shadow *t, const struct cell *cell,
			      size_t now_index, uint8_t mask)
{
	const struct access *old = &t->shadow->accesses[cell->access];
	const struct access *now = &t->shadow->accesses[now_index];

	return cell->state == KEPT && cell->mask & mask && old->thread != now->thread &&
	       (old->write || now->write) && !(old->atomic && now->atomic) &&
	       !clock_has_reached(&t->shadow->clocks[now_index], old->thread, old->epoch);
}

/* Return: the first cell that races, or NULL. */
static const struct cell *find_racing_cell(const struct tsan_shadow *t, const struct granule *granule,
					   size_t now, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (is_race_with_cell(t, &granule->cells[i], now, mask))
			return &granule->cells[i];
	return NULL;
}

/* All granules of an access share one position. */
static uintptr_t find_log_position(struct tsan_shadow *t, const struct access *now)
{
	if (t->position_access != now) {
		t->position_access = now;
		t->log_position = t->facts->position(t->facts->ctx, now);
	}
	return t->log_position;
}

/* Chooses the cell that the access replaces; NULL if it is unknown. */
static struct cell *choose_cell(struct tsan_shadow *t, struct granule *granule,
				const struct access *now, uint8_t mask)
{
	uintptr_t position;

	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct access *old = &t->shadow->accesses[granule->cells[i].access];

		if (granule->cells[i].state == KEPT && granule->cells[i].mask == mask &&
		    old->thread == now->thread &&
		    rank_access_weakness(old) >= rank_access_weakness(now))
			return &granule->cells[i];
	}
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (granule->cells[i].state == EMPTY)
			return &granule->cells[i];
	position = find_log_position(t, now);
	return position ? &granule->cells[position / sizeof(uint64_t) % TSAN_CELLS] : NULL;
}

static void add_report(struct tsan_shadow *t, const struct cell *cell, const struct access *now,
		   unsigned int g, uint8_t mask)
{
	const struct access *old = &t->shadow->accesses[cell->access];
	unsigned int both = cell->mask & mask;

	if (t->facts->may_be_lost(t->facts->ctx, old))
		t->is_certain = false;
	if (t->first_reported_call == NO_CALL)
		t->first_reported_call = now->call;
	race_reports_add(t->race_reports, &(struct race_report){
		.call = now->call,
		.earlier_thread = old->thread,
		.page = now->page,
		.from = (uint16_t)(g * TSAN_GRANULE + (unsigned int)__builtin_ctz(both)),
		.to = (uint16_t)(g * TSAN_GRANULE + 32 - (unsigned int)__builtin_clz(both)),
	});
}

/* ---- one access ---- */

/* Return: false if the range stops here. */
static bool access_granule(struct tsan_shadow *t, size_t index, unsigned int g)
{
	const struct access *now = &t->shadow->accesses[index];
	struct granule *granule = &t->granules[now->page][g];
	uint8_t mask = access_granule_mask(now, g);
	const struct cell *racing_cell;
	struct cell *cell;

	if (is_access_in_a_cell(t, granule, now, mask))
		return true;
	racing_cell = find_racing_cell(t, granule, index, mask);
	if (racing_cell) {
		add_report(t, racing_cell, now, g, mask);
		bytes_fill(granule->cells, 0, sizeof(granule->cells));
		granule->cells[0].state = MARK;
		return false;
	}
	cell = choose_cell(t, granule, now, mask);
	if (!cell) {
		t->is_certain = false;
		return true;
	}
	*cell = (struct cell){ KEPT, mask, (uint16_t)index };
	return true;
}

static bool is_granule_marked(const struct tsan_shadow *t, const struct access *now)
{
	bool skips = !now->atomic || !now->write;

	return skips && t->granules[now->page][now->from / TSAN_GRANULE].cells[0].state == MARK;
}

static void simulate_access(struct tsan_shadow *t, size_t index)
{
	const struct access *now = &t->shadow->accesses[index];
	unsigned int last = (now->to - 1u) / TSAN_GRANULE;

	if (is_granule_marked(t, now))
		return;
	for (unsigned int g = now->from / TSAN_GRANULE; g <= last; g++)
		if (t->granules[now->page][g].has_race && !access_granule(t, index, g))
			return;
}

/* ---- a program ---- */

static void mark_granules_of_race(struct tsan_shadow *t, const struct race *race)
{
	for (unsigned int g = race->from / TSAN_GRANULE; g <= (race->to - 1u) / TSAN_GRANULE; g++)
		t->granules[race->page][g].has_race = true;
}

static void init_prediction(struct tsan_shadow *t, const struct shadow *shadow,
		  const struct tsan_facts *facts, struct race_reports *race_reports)
{
	t->shadow = shadow;
	t->facts = facts;
	t->race_reports = race_reports;
	t->is_certain = true;
	t->first_reported_call = NO_CALL;
	t->position_access = NULL;
	bytes_fill(t->granules, 0, sizeof(t->granules));
	for (size_t i = 0; i < shadow->race_count; i++)
		mark_granules_of_race(t, &shadow->races[i]);
}

bool tsan_shadow_predict(struct tsan_shadow *t, const struct shadow *shadow,
			 const struct tsan_facts *facts, bool first_only,
			 struct race_reports *race_reports)
{
	race_reports_clear(race_reports);
	if (!shadow->race_count)
		return true;
	init_prediction(t, shadow, facts, race_reports);
	for (size_t i = 0; i < shadow->access_count && t->is_certain; i++) {
		if (first_only && t->first_reported_call != NO_CALL &&
		    shadow->accesses[i].call != t->first_reported_call)
			break;
		simulate_access(t, i);
	}
	return t->is_certain;
}
