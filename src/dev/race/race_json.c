/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes the results as one JSON object: a summary, then an object for each cell. */
#include <stdlib.h>
#include <string.h>

#include "tool/util/json.h"
#include "dev/race/race.h"

static bool ran(const struct race_column *column)
{
	return column->wanted && !column->skipped;
}

/* ---- a cell ---- */

static void json_program(struct json *j, const struct matrix_cell *cell)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	race_program_text(cell, out);
	fclose(out);
	json_text(j, "program", text);
	free(text);
}

static void json_range(struct json *j, const char *key, const struct matrix_range *range)
{
	json_object(j, key);
	json_number(j, "from", range->off);
	json_number(j, "to", range->off + range->len);
	json_end(j);
}

static void json_outcome(struct json *j, const char *detector, const struct race_outcome *a)
{
	json_object(j, detector);
	json_text(j, "verdict", race_verdict_names[a->verdict]);
	if (a->limitation != RACE_NO_LIMITATION)
		json_text(j, "limitation", race_limitations[a->limitation].name);
	if (a->why)
		json_text(j, "why", a->why);
	json_number(j, "reported", a->reported);
	json_number(j, "runs", a->runs);
	json_end(j);
}

static void json_cell(struct json *j, const struct race_matrix *race, size_t number)
{
	struct matrix_cell cell = matrix_cell(number);
	char name[MATRIX_NAME];
	bool good = true;

	matrix_name(&cell, name);
	json_object(j, NULL);
	json_text(j, "cell", name);
	json_text(j, "first", matrix_kinds[cell.kind[0]].name);
	json_text(j, "second", matrix_kinds[cell.kind[1]].name);
	json_text(j, "relation", matrix_relations[cell.relation]);
	json_text(j, "order", matrix_orders[cell.order]);
	json_text(j, "mapping", matrix_mappings[cell.mapping]);
	json_range(j, "first_bytes", &cell.range[0]);
	json_range(j, "second_bytes", &cell.range[1]);
	json_text(j, "expect", matrix_races(&cell) ? "data-race" : "clean");
	json_program(j, &cell);
	json_object(j, "detectors");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_outcome *outcome = &race->columns[i].outcomes[number];

		if (!ran(&race->columns[i]))
			continue;
		json_outcome(j, race_detectors[i].name, outcome);
		good &= race_as_predicted(i, outcome->verdict);
	}
	json_end(j);
	json_bool(j, "as_predicted", good);
	json_end(j);
}

/* ---- the summary ---- */

static void json_count(struct json *j, const char *key, size_t count)
{
	json_number(j, key, (int64_t)count);
}

static void json_limitations(struct json *j, const struct race_tally *t)
{
	static const char *const effects[] = {"misses", "may miss", "alarms"};

	json_array(j, "limitations");
	for (unsigned int i = 0; i < RACE_LIMITATIONS; i++) {
		if (!t->within[i])
			continue;
		json_object(j, NULL);
		json_text(j, "name", race_limitations[i].name);
		json_text(j, "text", race_limitations[i].text);
		json_text(j, "effect", effects[race_limitations[i].effect]);
		json_count(j, "cells", t->within[i]);
		json_count(j, "reported", t->reported_within[i]);
		json_end(j);
	}
	json_end(j);
}

static void json_tally(struct json *j, const struct race_column *c)
{
	const struct race_tally *t = &c->tally;

	json_text(j, "compiler", c->compiler);
	json_count(j, "repeat", c->repeat);
	json_count(j, "cells", t->cells);
	json_count(j, "races", t->races);
	json_count(j, "caught", t->by[RACE_CAUGHT]);
	json_count(j, "missed", t->by[RACE_MISSED] + t->by[RACE_MISS_ALLOWED]);
	json_count(j, "miss_allowed", t->by[RACE_MISS_ALLOWED]);
	json_count(j, "quiet", t->by[RACE_QUIET]);
	json_count(j, "false_alarms", t->by[RACE_FALSE_ALARM]);
	json_count(j, "differs", t->by[RACE_DIFFERS]);
	json_count(j, "racing_runs", t->racing_runs);
	json_count(j, "reported_runs", t->reported_runs);
	json_real(j, "seconds", c->seconds, 1);
	json_limitations(j, t);
}

static void json_column(struct json *j, const struct race_matrix *race, enum race_detector detector)
{
	const struct race_column *c = &race->columns[detector];

	json_object(j, NULL);
	json_text(j, "name", race_detectors[detector].name);
	json_text(j, "what", race_detectors[detector].what);
	if (c->skipped) {
		json_text(j, "skipped", c->skipped);
	} else {
		json_tally(j, c);
		json_bool(j, "as_predicted", race_column_passed(detector, c));
	}
	json_end(j);
}

static void json_left_out(struct json *j, const struct race_matrix *race)
{
	json_array(j, "left_out");
	for (unsigned int i = 0; i < MATRIX_REASONS; i++) {
		if (!race->left_out[i])
			continue;
		json_object(j, NULL);
		json_text(j, "name", matrix_reasons[i].name);
		json_text(j, "text", matrix_reasons[i].text);
		json_count(j, "count", race->left_out[i]);
		json_end(j);
	}
	json_end(j);
}

static void json_summary(struct json *j, const struct race_matrix *race)
{
	json_count(j, "combinations", race->combinations);
	json_count(j, "cells", race->selected);
	json_count(j, "races", race->racing);
	json_count(j, "disagree", race->disagree);
	json_left_out(j, race);
	json_array(j, "detectors");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (race->columns[i].wanted)
			json_column(j, race, i);
	json_end(j);
	json_bool(j, "as_predicted", race_passed(race));
}

/* Detectors and mappings that were not asked for; mappings that the library does not have. */
static void json_not_run(struct json *j, const struct race_matrix *race)
{
	json_array(j, "not_run");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (!race->columns[i].wanted)
			json_text(j, NULL, race_detectors[i].name);
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++)
		if (race->without[i] ||
		    (race->only_mapping && strcmp(matrix_mappings[i], race->only_mapping)))
			json_text(j, NULL, matrix_mappings[i]);
	json_end(j);
}

bool race_write_results(const struct race_matrix *race, struct results *results)
{
	struct json *j = results_open(results, race_passed(race) ? "good" : "failed");

	if (!j)
		return false;
	json_count(j, "repeat", race->repeat);
	json_text(j, "pattern", race->pattern);
	json_not_run(j, race);
	json_summary(j, race);
	json_array(j, "matrix");
	for (size_t i = 0; i < MATRIX_CELLS; i++)
		if (race->cells[i])
			json_cell(j, race, i);
	json_end(j);
	return results_close(results);
}
