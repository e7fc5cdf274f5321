/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The matrix for programs: an object a line for each cell and one with the summary; or one file. */
#include <stdlib.h>
#include <string.h>

#include "tool/race.h"
#include "tool/verdict_print.h"

static bool ran(const struct race_column *column)
{
	return column->wanted && !column->skipped;
}

static void json_pair(FILE *out, const char *key, const char *value)
{
	fprintf(out, "\"%s\": ", key);
	json_string(out, value);
	fprintf(out, ", ");
}

static void json_number(FILE *out, const char *key, size_t value)
{
	fprintf(out, "\"%s\": %zu, ", key, value);
}

/* ---- a cell ---- */

static void json_program(FILE *out, const struct matrix_cell *cell)
{
	char *text = NULL;
	size_t size;
	FILE *program = open_memstream(&text, &size);

	if (!program)
		return;
	race_program_text(cell, program);
	fclose(program);
	json_pair(out, "program", text);
	free(text);
}

static void json_range(FILE *out, const char *key, const struct matrix_range *range)
{
	fprintf(out, "\"%s\": {\"from\": %u, \"to\": %u}, ", key, range->off, range->off + range->len);
}

static void json_answer(FILE *out, const struct race_answer *a)
{
	json_pair(out, "verdict", race_verdict_names[a->verdict]);
	if (a->limit != RACE_NO_LIMIT)
		json_pair(out, "limit", race_limits[a->limit].name);
	if (a->why)
		json_pair(out, "why", a->why);
	json_number(out, "reported", a->reported);
	fprintf(out, "\"runs\": %u", a->runs);
}

static void json_cell(FILE *out, const struct race_matrix *race, size_t number)
{
	struct matrix_cell cell = matrix_cell(number);
	const char *separator = "";
	char name[MATRIX_NAME];
	bool good = true;

	matrix_name(&cell, name);
	putc('{', out);
	json_pair(out, "cell", name);
	json_pair(out, "first", matrix_kinds[cell.kind[0]].name);
	json_pair(out, "second", matrix_kinds[cell.kind[1]].name);
	json_pair(out, "relation", matrix_relations[cell.relation]);
	json_pair(out, "order", matrix_orders[cell.order]);
	json_pair(out, "mapping", matrix_mappings[cell.mapping]);
	json_range(out, "first_bytes", &cell.range[0]);
	json_range(out, "second_bytes", &cell.range[1]);
	json_pair(out, "expect", matrix_races(&cell) ? "data-race" : "clean");
	json_program(out, &cell);
	fprintf(out, "\"detectors\": {");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		const struct race_answer *answer = &race->columns[i].answers[number];

		if (!ran(&race->columns[i]))
			continue;
		fprintf(out, "%s\"%s\": {", separator, race_detectors[i].name);
		json_answer(out, answer);
		putc('}', out);
		separator = ", ";
		good &= race_as_predicted(i, answer->verdict);
	}
	fprintf(out, "}, \"as_predicted\": %s}", good ? "true" : "false");
}

/* ---- the summary ---- */

static void json_limits(FILE *out, const struct race_tally *t)
{
	static const char *const effects[] = { "misses", "may miss", "alarms" };
	const char *separator = "";

	fprintf(out, "\"limits\": [");
	for (unsigned int i = 0; i < RACE_LIMITS; i++) {
		if (!t->within[i])
			continue;
		fprintf(out, "%s{", separator);
		json_pair(out, "name", race_limits[i].name);
		json_pair(out, "text", race_limits[i].text);
		json_pair(out, "effect", effects[race_limits[i].effect]);
		json_number(out, "cells", t->within[i]);
		fprintf(out, "\"reported\": %zu}", t->reported_within[i]);
		separator = ", ";
	}
	fprintf(out, "]");
}

static void json_column(FILE *out, const struct race_matrix *race,
			enum race_detector detector)
{
	const struct race_column *c = &race->columns[detector];
	const struct race_tally *t = &c->tally;

	putc('{', out);
	json_pair(out, "name", race_detectors[detector].name);
	json_pair(out, "what", race_detectors[detector].what);
	if (c->skipped) {
		fprintf(out, "\"skipped\": ");
		json_string(out, c->skipped);
		putc('}', out);
		return;
	}
	json_pair(out, "compiler", c->compiler);
	json_number(out, "repeat", c->repeat);
	json_number(out, "cells", t->cells);
	json_number(out, "races", t->races);
	json_number(out, "caught", t->by[RACE_CAUGHT]);
	json_number(out, "missed", t->by[RACE_MISSED] + t->by[RACE_BEYOND]);
	json_number(out, "beyond", t->by[RACE_BEYOND]);
	json_number(out, "quiet", t->by[RACE_QUIET]);
	json_number(out, "false_alarms", t->by[RACE_FALSE_ALARM]);
	json_number(out, "differs", t->by[RACE_DIFFERS]);
	json_number(out, "racing_runs", t->racing_runs);
	json_number(out, "reported_runs", t->reported_runs);
	fprintf(out, "\"seconds\": %.1f, ", c->seconds);
	json_limits(out, t);
	fprintf(out, ", \"as_predicted\": %s}", race_column_good(detector, c) ? "true" : "false");
}

static void json_left_out(FILE *out, const struct race_matrix *race)
{
	const char *separator = "";

	fprintf(out, "\"left_out\": [");
	for (unsigned int i = 0; i < MATRIX_REASONS; i++) {
		if (!race->left_out[i])
			continue;
		fprintf(out, "%s{", separator);
		json_pair(out, "name", matrix_reasons[i].name);
		json_pair(out, "text", matrix_reasons[i].text);
		fprintf(out, "\"count\": %zu}", race->left_out[i]);
		separator = ", ";
	}
	fprintf(out, "], ");
}

static void json_summary(FILE *out, const struct race_matrix *race)
{
	const char *separator = "";

	json_number(out, "combinations", race->combinations);
	json_number(out, "cells", race->selected);
	json_number(out, "races", race->racing);
	json_number(out, "disagree", race->disagree);
	json_left_out(out, race);
	fprintf(out, "\"detectors\": [");
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		if (!race->columns[i].wanted)
			continue;
		fputs(separator, out);
		json_column(out, race, i);
		separator = ", ";
	}
	fprintf(out, "], \"as_predicted\": %s", race_good(race) ? "true" : "false");
}

void race_print_json(const struct race_matrix *race)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		if (!race->cells[i])
			continue;
		json_cell(stdout, race, i);
		putchar('\n');
	}
	printf("{\"summary\": {");
	json_summary(stdout, race);
	printf("}}\n");
}

/* ---- the file for reports ---- */

bool race_write_results(const struct race_matrix *race, struct results *results)
{
	const char *separator = "\n";
	FILE *out = results_open(results, race_good(race) ? "good" : "failed");

	if (!out)
		return false;
	fprintf(out, ", \"repeat\": %u, \"pattern\": ", race->repeat);
	json_string(out, race->pattern);
	fprintf(out, ", ");
	json_summary(out, race);
	fprintf(out, ", \"matrix\": [");
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		if (!race->cells[i])
			continue;
		fputs(separator, out);
		json_cell(out, race, i);
		separator = ",\n";
	}
	fprintf(out, "\n]");
	return results_close(results);
}
