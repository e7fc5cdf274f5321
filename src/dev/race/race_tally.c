/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/race.h"

const char *const race_verdict_names[RACE_VERDICTS] = {
	[RACE_NOT_RUN] = "not run",         [RACE_QUIET] = "quiet",
	[RACE_CAUGHT] = "caught",           [RACE_MISSED] = "missed",
	[RACE_FALSE_ALARM] = "false alarm", [RACE_KNOWN] = "known",
	[RACE_OUTDATED] = "outdated",       [RACE_MISS_ALLOWED] = "miss allowed",
	[RACE_DIFFERS] = "differs",
};

/*
 * The checker does not know the limitations, and reports a miss as a difference. Other differences
 * are not hidden by that: the same cells run under detectors without the limitation.
 */
static enum race_verdict evaluate_known(enum race_effect effect, const struct race_outcome *outcome)
{
	if (effect == MISSES)
		return outcome->reported ? RACE_OUTDATED : RACE_KNOWN;
	return outcome->why ? RACE_DIFFERS : RACE_KNOWN;
}

enum race_verdict race_evaluate(const struct matrix_cell *cell, bool miss_allowed,
				const struct race_outcome *outcome)
{
	bool races = matrix_races(cell);

	if (outcome->limitation != RACE_NO_LIMITATION)
		return evaluate_known(race_limitations[outcome->limitation].effect, outcome);
	if (!races && outcome->reported)
		return RACE_FALSE_ALARM;
	if (outcome->why)
		return RACE_DIFFERS;
	if (!races)
		return RACE_QUIET;
	if (outcome->reported)
		return RACE_CAUGHT;
	return miss_allowed ? RACE_MISS_ALLOWED : RACE_MISSED;
}

static void add(struct race_tally *t, const struct matrix_cell *cell, const struct race_outcome *a)
{
	t->by[a->verdict]++;
	if (a->limitation != RACE_NO_LIMITATION) {
		t->within[a->limitation]++;
		t->reported_within[a->limitation] += a->reported > 0;
		return;
	}
	t->cells++;
	if (!matrix_races(cell))
		return;
	t->races++;
	t->racing_runs += a->runs;
	t->reported_runs += a->reported;
}

void race_tally(const struct race_matrix *race, struct race_column *column)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (race->cells[i])
			add(&column->tally, &cell, &column->outcomes[i]);
	}
}

bool race_as_predicted(enum race_detector detector, enum race_verdict verdict)
{
	switch (verdict) {
	case RACE_QUIET:
	case RACE_CAUGHT:
	case RACE_KNOWN:
	case RACE_MISS_ALLOWED:
		return true;
	case RACE_MISSED:
		return !race_detectors[detector].fibers;
	default:
		return false;
	}
}

bool race_column_passed(enum race_detector detector, const struct race_column *column)
{
	const struct race_tally *t = &column->tally;

	for (unsigned int i = 0; i < RACE_VERDICTS; i++)
		if (t->by[i] && !race_as_predicted(detector, i))
			return false;
	return !column->failed && !(t->races && !t->by[RACE_CAUGHT] && !t->by[RACE_MISS_ALLOWED]);
}

bool race_passed(const struct race_matrix *race)
{
	bool good = !race->disagree, any = false;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		if (!race->columns[i].wanted || race->columns[i].skipped)
			continue;
		any = true;
		good &= race_column_passed(i, &race->columns[i]);
	}
	return good && any;
}
