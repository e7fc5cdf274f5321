/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/shell_word.h"
#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "tool/util/usage.h"

/* ---- what is selected ---- */

static bool selects(const struct race_matrix *race, const struct matrix_cell *cell)
{
	return matrix_matches(cell, race->pattern) && !race->without[cell->mapping] &&
	       (!race->only_mapping || !strcmp(matrix_mappings[cell->mapping], race->only_mapping));
}

/* A cell of a mapping that the library lacks would run with another mapping. */
static void leave_out_mappings(struct race_matrix *race)
{
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++) {
		race->without[i] = !exec_set_backend(matrix_backends[i]);
		if (race->without[i])
			fprintf(stderr,
				"skipped: cells of mapping %s: the page library has no "
				"backend %s\n",
				matrix_mappings[i], matrix_backends[i]);
	}
}

static void print_disagreement(const char *cell)
{
	fprintf(stderr,
		"%s: tables and rule model disagree; what the model says:\n  replay: ", cell);
	shell_word_print(stderr, shell_binary_path());
	fputs(" race --cell ", stderr);
	shell_word_print(stderr, cell);
	fputs(" --print | ", stderr);
	shell_word_print(stderr, shell_binary_path());
	fputs(" check -\n", stderr);
}

/* Tables and rule model must agree on a cell; a difference is a failure before anything runs. */
static void check_model(struct race_matrix *race, const struct matrix_cell *cell,
			struct rules *rules)
{
	static struct program program;
	char name[MATRIX_NAME];
	size_t access[2];

	matrix_program(cell, &program, access);
	rules_evaluate(rules, &program);
	if (matrix_agrees_with_model(cell, access, rules))
		return;
	matrix_name(cell, name);
	if (race->disagree++ < 10)
		print_disagreement(name);
}

static void select_cells(struct race_matrix *race, struct rules *rules)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (!selects(race, &cell))
			continue;
		race->combinations++;
		if (cell.left_out != MATRIX_IS_CELL) {
			race->left_out[cell.left_out]++;
			continue;
		}
		race->cells[i] = true;
		race->selected++;
		race->racing += matrix_races(&cell);
		check_model(race, &cell, rules);
	}
}

/* ---- without running ---- */

static int list_cells(const struct race_matrix *race)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);
		char name[MATRIX_NAME];

		if (!race->cells[i])
			continue;
		matrix_name(&cell, name);
		printf("%-9s %s\n", matrix_races(&cell) ? "data-race" : "clean", name);
	}
	return race->disagree ? EXIT_FAILED : EXIT_GOOD;
}

/* The mappings of a cell share one program. */
static int print_programs(const struct race_matrix *race)
{
	bool first = true;

	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (!race->cells[i] || (cell.mapping && race->cells[i - 1]))
			continue;
		if (!first)
			putchar('\n');
		first = false;
		race_program_text(&cell, stdout);
	}
	return race->disagree ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- running ---- */

/* Return: the exit status. */
static int run_detectors(struct race_matrix *race)
{
	int status = race->disagree ? EXIT_FAILED : EXIT_GOOD;
	bool any = false;

	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		struct race_column *column = &race->columns[i];

		if (!column->wanted)
			continue;
		race_run(race, i);
		if (column->skipped) {
			fprintf(stderr, "skipped: %s: %s\n", race_detectors[i].name,
				column->skipped);
			continue;
		}
		any = true;
		if (!race_column_passed(i, column))
			status = EXIT_FAILED;
	}
	return any ? status : usage_error("race", "expected a detector that this build has");
}

static void print_results(const struct race_matrix *race, enum race_output output)
{
	race_print_table(race);
	if (output == RACE_AS_GRID)
		race_print_grid(race);
	fflush(stdout);
	race_print_failures(race);
}

static bool allocate(struct race_matrix *race)
{
	race->cells = calloc(MATRIX_CELLS, sizeof(*race->cells));
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		race->columns[i].outcomes = calloc(MATRIX_CELLS, sizeof(struct race_outcome));
		if (!race->columns[i].outcomes)
			return false;
	}
	return race->cells;
}

static void announce_race(const struct race_matrix *race)
{
	char detectors[160] = "", times[32] = "once";

	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (race->columns[i].wanted)
			snprintf(detectors + strlen(detectors),
				 sizeof(detectors) - strlen(detectors), "%s%s",
				 *detectors ? ", " : "", race_detectors[i].name);
	if (race->repeat > 1)
		snprintf(times, sizeof(times), "up to %u times", race->repeat);
	announce("race", "%zu cell%s under %s, %s", race->selected, race->selected == 1 ? "" : "s",
		 detectors, times);
}

int race_drive(struct race_matrix *race, enum race_output output, struct results *results)
{
	struct rules *rules = rules_new();
	int status;

	if (!rules || !allocate(race))
		return usage_error("race", "no memory");
	if (output != RACE_AS_LIST && output != RACE_AS_PROGRAM)
		leave_out_mappings(race);
	select_cells(race, rules);
	rules_delete(rules);
	if (!race->selected)
		return usage_error("race", "expected --cell to match a cell, '%s' matches none",
				   race->pattern);
	if (output == RACE_AS_LIST)
		return list_cells(race);
	if (output == RACE_AS_PROGRAM)
		return print_programs(race);
	announce_race(race);
	status = run_detectors(race);
	if (status == EXIT_BAD)
		return status;
	print_results(race, output);
	if (results->path && !race_write_results(race, results))
		return EXIT_BAD;
	return status;
}
