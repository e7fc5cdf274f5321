/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/race.h"

const char *const race_verdict_names[RACE_VERDICTS] = {
	[RACE_NOT_RUN] = "not run",	[RACE_QUIET] = "quiet",
	[RACE_CAUGHT] = "caught",	[RACE_MISSED] = "missed",
	[RACE_FALSE_ALARM] = "false alarm", [RACE_LIMIT] = "limit",
	[RACE_NO_LONGER] = "no longer",	[RACE_BEYOND] = "beyond",
	[RACE_DIFFERS] = "differs",
};

/*
 * A miss is a difference to the check, which knows nothing of limits. Others do not
 * hide behind it: the same cells run under detectors without that limit.
 */
static enum race_verdict judge_limit(enum race_effect effect, const struct race_answer *answer)
{
	if (effect == MISSES)
		return answer->reported ? RACE_NO_LONGER : RACE_LIMIT;
	return answer->why ? RACE_DIFFERS : RACE_LIMIT;
}

enum race_verdict race_judge(const struct matrix_cell *cell, bool beyond,
			     const struct race_answer *answer)
{
	bool races = matrix_races(cell);

	if (answer->limit != RACE_NO_LIMIT)
		return judge_limit(race_limits[answer->limit].effect, answer);
	if (!races && answer->reported)
		return RACE_FALSE_ALARM;
	if (answer->why)
		return RACE_DIFFERS;
	if (!races)
		return RACE_QUIET;
	if (answer->reported)
		return RACE_CAUGHT;
	return beyond ? RACE_BEYOND : RACE_MISSED;
}

static void add(struct race_tally *t, const struct matrix_cell *cell, const struct race_answer *a)
{
	t->by[a->verdict]++;
	if (a->limit != RACE_NO_LIMIT) {
		t->within[a->limit]++;
		t->reported_within[a->limit] += a->reported > 0;
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
			add(&column->tally, &cell, &column->answers[i]);
	}
}

bool race_as_predicted(enum race_detector detector, enum race_verdict verdict)
{
	switch (verdict) {
	case RACE_QUIET:
	case RACE_CAUGHT:
	case RACE_LIMIT:
	case RACE_BEYOND:
		return true;
	case RACE_MISSED:
		return !race_detectors[detector].fibers;
	default:
		return false;
	}
}

bool race_column_good(enum race_detector detector, const struct race_column *column)
{
	const struct race_tally *t = &column->tally;

	for (unsigned int i = 0; i < RACE_VERDICTS; i++)
		if (t->by[i] && !race_as_predicted(detector, i))
			return false;
	return !column->failed && !(t->races && !t->by[RACE_CAUGHT] && !t->by[RACE_BEYOND]);
}

bool race_good(const struct race_matrix *race)
{
	bool good = !race->disagree, any = false;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		if (!race->columns[i].wanted || race->columns[i].skipped)
			continue;
		any = true;
		good &= race_column_good(i, &race->columns[i]);
	}
	return good && any;
}
