/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The matrix for programs: an object a line for each cell, and one with the summary. */
#include <stdlib.h>
#include <string.h>

#include "tool/race.h"
#include "tool/verdict_print.h"

static bool ran(const struct race_column *column)
{
	return column->wanted && !column->skipped;
}

static void json_pair(const char *key, const char *value)
{
	printf("\"%s\": ", key);
	json_string(stdout, value);
	printf(", ");
}

static void json_number(const char *key, size_t value)
{
	printf("\"%s\": %zu, ", key, value);
}

/* ---- a cell ---- */

static void json_program(const struct matrix_cell *cell)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	race_program_text(cell, out);
	fclose(out);
	json_pair("program", text);
	free(text);
}

static void json_range(const char *key, const struct matrix_range *range)
{
	printf("\"%s\": {\"from\": %u, \"to\": %u}, ", key, range->off, range->off + range->len);
}

static void json_answer(const struct race_answer *a)
{
	json_pair("verdict", race_verdict_names[a->verdict]);
	if (a->limit != RACE_NO_LIMIT)
		json_pair("limit", race_limits[a->limit].name);
	if (a->why)
		json_pair("why", a->why);
	json_number("reported", a->reported);
	printf("\"runs\": %u", a->runs);
}

static void json_cell(const struct race_matrix *race, size_t number)
{
	struct matrix_cell cell = matrix_cell(number);
	const char *separator = "";
	char name[MATRIX_NAME];
	bool good = true;

	matrix_name(&cell, name);
	putchar('{');
	json_pair("cell", name);
	json_pair("first", matrix_kinds[cell.kind[0]].name);
	json_pair("second", matrix_kinds[cell.kind[1]].name);
	json_pair("relation", matrix_relations[cell.relation]);
	json_pair("order", matrix_orders[cell.order]);
	json_pair("mapping", matrix_mappings[cell.mapping]);
	json_range("first_bytes", &cell.range[0]);
	json_range("second_bytes", &cell.range[1]);
	json_pair("expect", matrix_races(&cell) ? "data-race" : "clean");
	json_program(&cell);
	printf("\"detectors\": {");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_answer *answer = &race->columns[i].answers[number];

		if (!ran(&race->columns[i]))
			continue;
		printf("%s\"%s\": {", separator, race_detectors[i].name);
		json_answer(answer);
		putchar('}');
		separator = ", ";
		good &= race_as_predicted(i, answer->verdict);
	}
	printf("}, \"as_predicted\": %s}\n", good ? "true" : "false");
}

/* ---- the summary ---- */

static void json_limits(const struct race_tally *t)
{
	static const char *const effects[] = { "misses", "may miss", "alarms" };
	const char *separator = "";

	printf("\"limits\": [");
	for (unsigned int i = 0; i < RACE_LIMITS; i++) {
		if (!t->within[i])
			continue;
		printf("%s{", separator);
		json_pair("name", race_limits[i].name);
		json_pair("text", race_limits[i].text);
		json_pair("effect", effects[race_limits[i].effect]);
		json_number("cells", t->within[i]);
		printf("\"reported\": %zu}", t->reported_within[i]);
		separator = ", ";
	}
	printf("]");
}

static void json_column(const struct race_matrix *race, enum race_detector detector)
{
	const struct race_column *c = &race->columns[detector];
	const struct race_tally *t = &c->tally;

	putchar('{');
	json_pair("name", race_detectors[detector].name);
	json_pair("what", race_detectors[detector].what);
	if (c->skipped) {
		printf("\"skipped\": ");
		json_string(stdout, c->skipped);
		putchar('}');
		return;
	}
	json_pair("compiler", c->compiler);
	json_number("repeat", c->repeat);
	json_number("cells", t->cells);
	json_number("races", t->races);
	json_number("caught", t->by[RACE_CAUGHT]);
	json_number("missed", t->by[RACE_MISSED] + t->by[RACE_BEYOND]);
	json_number("beyond", t->by[RACE_BEYOND]);
	json_number("quiet", t->by[RACE_QUIET]);
	json_number("false_alarms", t->by[RACE_FALSE_ALARM]);
	json_number("differs", t->by[RACE_DIFFERS]);
	json_number("racing_runs", t->racing_runs);
	json_number("reported_runs", t->reported_runs);
	printf("\"seconds\": %.1f, ", c->seconds);
	json_limits(t);
	printf(", \"as_predicted\": %s}", race_column_good(detector, c) ? "true" : "false");
}

static void json_left_out(const struct race_matrix *race)
{
	const char *separator = "";

	printf("\"left_out\": [");
	for (unsigned int i = 0; i < MATRIX_REASONS; i++) {
		if (!race->left_out[i])
			continue;
		printf("%s{", separator);
		json_pair("name", matrix_reasons[i].name);
		json_pair("text", matrix_reasons[i].text);
		printf("\"count\": %zu}", race->left_out[i]);
		separator = ", ";
	}
	printf("], ");
}

static void json_summary(const struct race_matrix *race)
{
	const char *separator = "";
	bool good = !race->disagree;

	printf("{\"summary\": {");
	json_number("combinations", race->combinations);
	json_number("cells", race->selected);
	json_number("races", race->racing);
	json_left_out(race);
	printf("\"detectors\": [");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		if (!race->columns[i].wanted)
			continue;
		fputs(separator, stdout);
		json_column(race, i);
		separator = ", ";
		good &= !ran(&race->columns[i]) || race_column_good(i, &race->columns[i]);
	}
	printf("], \"as_predicted\": %s}}\n", good ? "true" : "false");
}

void race_print_json(const struct race_matrix *race)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++)
		if (race->cells[i])
			json_cell(race, i);
	json_summary(race);
}
