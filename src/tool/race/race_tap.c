/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The matrix as tests: one for each detector and pair of kinds. */
#include "tool/race/race.h"

static unsigned int tests;

static void print_pair(const struct race_matrix *race, enum race_detector detector,
		       enum matrix_kind first, enum matrix_kind second)
{
	size_t cells = 0, wrong = 0;

	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (!race->cells[i] || cell.kind[0] != first || cell.kind[1] != second)
			continue;
		cells++;
		wrong += !race_as_predicted(detector, race->columns[detector].answers[i].verdict);
	}
	if (!cells)
		return;
	printf("%sok %u - %s: %s, then %s: %zu cells", wrong ? "not " : "", ++tests,
	       race_detectors[detector].name, matrix_kinds[first].name, matrix_kinds[second].name,
	       cells);
	if (wrong)
		printf(", %zu not as predicted", wrong);
	putchar('\n');
}

static void print_column(const struct race_matrix *race, enum race_detector detector)
{
	const struct race_column *column = &race->columns[detector];

	if (column->skipped) {
		printf("ok %u # SKIP %s: %s\n", ++tests, race_detectors[detector].name,
		       column->skipped);
		return;
	}
	for (unsigned int a = 0; a < MATRIX_KINDS; a++)
		for (unsigned int b = 0; b < MATRIX_KINDS; b++)
			print_pair(race, detector, a, b);
	printf("%sok %u - %s: all as predicted, and it catches races\n",
	       race_column_good(detector, column) ? "" : "not ", ++tests,
	       race_detectors[detector].name);
}

void race_print_tap(const struct race_matrix *race)
{
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		if (race->columns[i].wanted)
			print_column(race, i);
	printf("%sok %u - tables and rule model agree\n", race->disagree ? "not " : "", ++tests);
	printf("1..%u\n", tests);
}
