/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The cells of the race matrix, for race.py: it runs processes of detectors, which execute the cells,
 * and compares what they print with the tables.
 */
#ifndef DEV_RACE_CELLS_H
#define DEV_RACE_CELLS_H

#include "dev/race/matrix.h"

struct race_selection {
	const char *pattern;
	const char *only_mapping; /* name of a mapping; NULL: all mappings */
	size_t selected_count, race_count;
	size_t disagreement_count; /* cells on which tables and model disagree */
	size_t left_out[MATRIX_REASONS];       /* matching combinations that are no cell, by reason */
	bool is_selected[MATRIX_CELLS];
	bool lacks_mapping[MATRIX_MAPPINGS]; /* the page library has no backend for it */
};

enum race_format { RACE_AS_LIST, RACE_AS_PROGRAM, RACE_AS_JSON };

/*
 * Selects the cells, compares tables and rule model, and prints the cells. As JSON: an object with
 * totals and the table of detectors, and then an object a line for each cell.
 * Return: an exit status.
 */
int race_print_cells(struct race_selection *selection, enum race_format format);

/*
 * Executes the cells of one mapping under the detector that watches this process. The first line
 * has the compiler, and whether there is a detector; then there is a line for each cell, with tabs:
 *
 *   NUMBER  agree|miss allowed|differ  REPORTED  RUNS  WHY
 */
struct race_execution {
	const char *pattern, *mapping;
	unsigned int repeat_count;
	unsigned int from, to; /* numbers of cells */
	bool uses_fibers;
};
int race_execute_cells(const struct race_execution *execution);

#endif
