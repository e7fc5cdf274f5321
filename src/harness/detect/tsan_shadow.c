/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A granule in which the rule model finds no race gets no report and no mark, and does not stop a range
 * access. So this file simulates only granules with races, and a program without races costs nothing.
 */
#include "harness/detect/tsan_shadow.h"

#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/program/trace.h"

#define GRANULES (TRACE_PAGE / TSAN_GRANULE)

enum cell_state { EMPTY, MARK, STORED };

struct cell {
	uint8_t state, mask;
	uint16_t access_index; /* if the state is STORED: index of the access in the log of the rule model */
};

struct granule {
	bool has_race; /* the rule model has a race in this granule */
	struct cell cells[TSAN_CELLS];
};

struct tsan_shadow {
	const struct access_log *access_log;
	const struct tsan_facts *facts;
	struct race_reports *predicted_reports;
	bool is_certain;                      /* false: the prediction depends on an unknown fact */
	const struct access *position_access; /* log_position is the log position after this access */
	uintptr_t log_position;
	uint16_t first_reported_call; /* call with the first predicted report, or NO_CALL */
	struct granule granules[PROGRAM_PAGES][GRANULES]; /* empty except during a prediction */
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

/* Return: 0 for a plain write, 1 for a plain read, 2 for an atomic write, 3 for an atomic read. */
static unsigned int rank_access_weakness(const struct access *access)
{
	return (access->atomic ? 2u : 0u) + (access->write ? 0u : 1u);
}

/* Returns whether a cell contains an access equal to @now, or, if @now is a read, an equal write. */
static bool is_access_covered_by_cell(const struct tsan_shadow *tsan, const struct granule *granule,
				      const struct access *now, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct cell *cell = &granule->cells[i];
		const struct access *old = &tsan->access_log->accesses[cell->access_index];

		if (cell->state == STORED && cell->mask == mask && old->thread == now->thread &&
		    old->epoch == now->epoch && old->atomic == now->atomic &&
		    (old->write == now->write || !now->write))
			return true;
	}
	return false;
}

/* Returns whether the access @now_index, which touches the bytes @mask, races with the access in @cell. */
static bool is_race_with_cell(const struct tsan_shadow *tsan, const struct cell *cell, size_t now_index,
			      uint8_t mask)
{
	const struct access *old = &tsan->access_log->accesses[cell->access_index];
	const struct access *now = &tsan->access_log->accesses[now_index];

	return cell->state == STORED && cell->mask & mask && old->thread != now->thread &&
	       (old->write || now->write) && !(old->atomic && now->atomic) &&
	       !clock_includes_end_of_epoch(&tsan->access_log->clocks[now_index], old->thread, old->epoch);
}

/* Return: the first cell whose access races with the access @now_index, or NULL. */
static const struct cell *find_racing_cell(const struct tsan_shadow *tsan, const struct granule *granule,
					   size_t now_index, uint8_t mask)
{
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (is_race_with_cell(tsan, &granule->cells[i], now_index, mask))
			return &granule->cells[i];
	return NULL;
}

/* Return: the log position after the access @now. One look-up is enough for all granules of an access. */
static uintptr_t look_up_log_position(struct tsan_shadow *tsan, const struct access *now)
{
	if (tsan->position_access != now) {
		tsan->position_access = now;
		tsan->log_position = tsan->facts->find_log_position(tsan->facts->ctx, now);
	}
	return tsan->log_position;
}

/* Return: the cell in which ThreadSanitizer stores the access @now; NULL if the cell is unknown. */
static struct cell *find_cell_to_replace(struct tsan_shadow *tsan, struct granule *granule,
					 const struct access *now, uint8_t mask)
{
	uintptr_t log_position;

	for (unsigned int i = 0; i < TSAN_CELLS; i++) {
		const struct access *old = &tsan->access_log->accesses[granule->cells[i].access_index];

		if (granule->cells[i].state == STORED && granule->cells[i].mask == mask &&
		    old->thread == now->thread && rank_access_weakness(old) >= rank_access_weakness(now))
			return &granule->cells[i];
	}
	for (unsigned int i = 0; i < TSAN_CELLS; i++)
		if (granule->cells[i].state == EMPTY)
			return &granule->cells[i];
	log_position = look_up_log_position(tsan, now);
	return log_position ? &granule->cells[log_position / sizeof(uint64_t) % TSAN_CELLS] : NULL;
}

static void add_predicted_report(struct tsan_shadow *tsan, const struct cell *cell, const struct access *now,
				 unsigned int granule_index, uint8_t mask)
{
	const struct access *old = &tsan->access_log->accesses[cell->access_index];
	unsigned int common_bytes = cell->mask & mask;

	if (tsan->facts->may_be_lost_from_history(tsan->facts->ctx, old))
		tsan->is_certain = false;
	if (tsan->first_reported_call == NO_CALL)
		tsan->first_reported_call = now->call;
	race_reports_add(tsan->predicted_reports,
			 &(struct race_report){
				 .call = now->call,
				 .earlier_thread = old->thread,
				 .page = now->page,
				 .from = (uint16_t)(granule_index * TSAN_GRANULE +
						    (unsigned int)__builtin_ctz(common_bytes)),
				 .to = (uint16_t)(granule_index * TSAN_GRANULE + 32 -
						  (unsigned int)__builtin_clz(common_bytes)),
			 });
}

/* ---- one access ---- */

/* Adds a predicted report or stores the access. Return: false if the access stops at this granule. */
static bool simulate_granule_and_may_continue(struct tsan_shadow *tsan, size_t access_index,
					      unsigned int granule_index)
{
	const struct access *now = &tsan->access_log->accesses[access_index];
	struct granule *granule = &tsan->granules[now->page][granule_index];
	uint8_t mask = access_granule_mask(now, granule_index);
	const struct cell *racing_cell;
	struct cell *cell;

	if (is_access_covered_by_cell(tsan, granule, now, mask))
		return true;
	racing_cell = find_racing_cell(tsan, granule, access_index, mask);
	if (racing_cell) {
		add_predicted_report(tsan, racing_cell, now, granule_index, mask);
		bytes_fill(granule->cells, 0, sizeof(granule->cells));
		granule->cells[0].state = MARK;
		return false;
	}
	cell = find_cell_to_replace(tsan, granule, now, mask);
	if (!cell) {
		tsan->is_certain = false;
		return true;
	}
	*cell = (struct cell){ STORED, mask, (uint16_t)access_index };
	return true;
}

/* Returns whether ThreadSanitizer ignores the access because the access's first granule is marked. */
static bool is_ignored_due_to_mark(const struct tsan_shadow *tsan, const struct access *now)
{
	bool is_affected_by_mark = !now->atomic || !now->write;

	return is_affected_by_mark &&
	       tsan->granules[now->page][now->from / TSAN_GRANULE].cells[0].state == MARK;
}

static void simulate_access(struct tsan_shadow *tsan, size_t access_index)
{
	const struct access *now = &tsan->access_log->accesses[access_index];
	unsigned int last = (now->to - 1u) / TSAN_GRANULE;

	if (is_ignored_due_to_mark(tsan, now))
		return;
	for (unsigned int g = now->from / TSAN_GRANULE; g <= last; g++)
		if (tsan->granules[now->page][g].has_race &&
		    !simulate_granule_and_may_continue(tsan, access_index, g))
			return;
}

/* ---- all accesses of a program ---- */

/* Empties the granules in which the program races, and sets their member has_race to @has_race. */
static void clear_granules_with_races(struct tsan_shadow *tsan, bool has_race)
{
	for (size_t i = 0; i < tsan->access_log->race_count; i++) {
		const struct race *race = &tsan->access_log->races[i];

		for (unsigned int g = race->from / TSAN_GRANULE; g <= (race->to - 1u) / TSAN_GRANULE; g++)
			tsan->granules[race->page][g] = (struct granule){ .has_race = has_race };
	}
}

static void init_prediction(struct tsan_shadow *tsan, const struct access_log *access_log,
			    const struct tsan_facts *facts, struct race_reports *predicted_reports)
{
	tsan->access_log = access_log;
	tsan->facts = facts;
	tsan->predicted_reports = predicted_reports;
	tsan->is_certain = true;
	tsan->first_reported_call = NO_CALL;
	tsan->position_access = NULL;
	clear_granules_with_races(tsan, true);
}

bool tsan_shadow_predict(struct tsan_shadow *tsan, const struct access_log *access_log,
			 const struct tsan_facts *facts, bool first_racing_call_only,
			 struct race_reports *predicted_reports)
{
	race_reports_clear(predicted_reports);
	if (!access_log->race_count)
		return true;
	init_prediction(tsan, access_log, facts, predicted_reports);
	for (size_t i = 0; i < access_log->access_count && tsan->is_certain; i++) {
		if (first_racing_call_only && tsan->first_reported_call != NO_CALL &&
		    access_log->accesses[i].call != tsan->first_reported_call)
			break;
		simulate_access(tsan, i);
	}
	clear_granules_with_races(tsan, false);
	return tsan->is_certain;
}
