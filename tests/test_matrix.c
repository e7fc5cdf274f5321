/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The matrix is complete, and the tables and the rule model agree on each cell. */
#include <string.h>

#include "dev/race/matrix.h"
#include "harness/model/rules.h"
#include "harness/program/program_text.h"
#include "tests/tap.h"

static struct program program, again;
static struct rules *rules;
static char text[TEXT_PROGRAM_MAX];

static struct {
	size_t cells, races, disagree, invalid, not_text, odd_names;
	size_t left_out[MATRIX_REASONS];
	size_t in[MATRIX_RELATIONS], racing_in[MATRIX_RELATIONS];
	size_t racing_order[MATRIX_ORDERS], racing_kind[MATRIX_KINDS];
} seen;

static bool text_round_trips(void)
{
	struct text_error error;
	size_t len = program_to_text(&program, text);

	return program_from_text(&again, text, len, &error) && program_equal(&program, &again);
}

static void evaluate_cell(const struct matrix_cell *cell)
{
	size_t access_calls[2];
	char cell_name[MATRIX_NAME];

	matrix_make_program(cell, &program, access_calls);
	rules_evaluate(rules, &program);
	matrix_format_name(cell, cell_name);
	if (!matrix_agrees_with_model(cell, access_calls, rules)) {
		program_to_text(&program, text);
		if (!seen.disagree++)
			printf("# %s\n%s", cell_name, text);
	}
	seen.invalid += !program_valid(&program) || rules_trace(rules)->step_count != program.count;
	seen.not_text += !text_round_trips();
	seen.odd_names += !matrix_cell_matches(cell, cell_name);
	seen.cells++;
	seen.in[cell->relation]++;
	if (!matrix_cell_races(cell))
		return;
	seen.races++;
	seen.racing_in[cell->relation]++;
	seen.racing_order[cell->order]++;
	seen.racing_kind[cell->kind[0]]++;
	seen.racing_kind[cell->kind[1]]++;
}

static void evaluate_all_cells(void)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (cell.left_out == MATRIX_IS_CELL)
			evaluate_cell(&cell);
		else
			seen.left_out[cell.left_out]++;
	}
}

/* Ranges with these relations do not overlap, so there is no race. */
static bool is_relation_without_overlap(enum matrix_relation relation)
{
	return relation == MATRIX_pair || relation == MATRIX_granule || relation == MATRIX_line ||
	       relation == MATRIX_apart || relation == MATRIX_empty;
}

static void test_all_values_occur(void)
{
	unsigned int relations = 0, kinds = 0, reasons = 0;
	size_t total = seen.cells;

	for (unsigned int i = 0; i < MATRIX_RELATIONS; i++)
		relations += seen.in[i] && !seen.racing_in[i] == is_relation_without_overlap(i);
	ok(relations == MATRIX_RELATIONS, "cells race if their ranges overlap, and only then");
	for (unsigned int i = 0; i < MATRIX_KINDS; i++)
		kinds += seen.racing_kind[i] > 0;
	ok(kinds == MATRIX_KINDS, "every kind of access races in some cell");
	for (unsigned int i = 0; i < MATRIX_ORDERS; i++) {
		bool orders = i != MATRIX_ORDER_none && i != MATRIX_ORDER_reverse;

		ok(!seen.racing_order[i] == orders, "order %s: %s", matrix_orders[i],
		   orders ? "no race" : "races");
	}
	for (unsigned int i = 0; i < MATRIX_REASONS; i++) {
		reasons += seen.left_out[i] > 0;
		total += seen.left_out[i];
	}
	ok(reasons == MATRIX_REASONS && total == MATRIX_CELLS,
	   "each reason leaves out some combination, and every combination is counted");
}

/* Each relation holds for all pairs of kinds, as its name says. */
static bool relation_holds(const struct matrix_cell *c)
{
	unsigned int a = c->range[0].off, b = c->range[1].off;
	unsigned int a_end = a + c->range[0].len, b_end = b + c->range[1].len;
	bool touch = a_end == b;

	switch (c->relation) {
	case MATRIX_identical:
		return a == b && a_end == b_end && a_end - a < 4096;
	case MATRIX_nested:
		return a < b && b_end < a_end;
	case MATRIX_around:
		return b < a && a_end < b_end;
	case MATRIX_overlap:
		return (a_end < b_end ? a_end : b_end) - (a > b ? a : b) == 1;
	case MATRIX_pair:
		return touch && a / 2 == (b_end - 1) / 2;
	case MATRIX_granule:
		return touch && a / 8 == (b_end - 1) / 8 && b_end - a > 2;
	case MATRIX_line:
		return touch && a / 64 == (b_end - 1) / 64 && a / 8 != b / 8;
	case MATRIX_apart:
		return (a_end - 1) / 64 < b / 64;
	case MATRIX_empty:
		return (a == a_end || b == b_end) && a_end == 4096 && b_end == 4096;
	default:
		return !a && !b && a_end == 4096 && b_end == 4096;
	}
}

static void test_relations(void)
{
	size_t wrong = 0;

	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		wrong += cell.left_out == MATRIX_IS_CELL && !relation_holds(&cell);
	}
	ok(!wrong, "each range relation is what its name says");
}

static size_t count_matching_cells(const char *pattern)
{
	size_t count = 0;

	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		count += matrix_cell_matches(&cell, pattern);
	}
	return count;
}

static void test_patterns(void)
{
	ok(count_matching_cells("") == MATRIX_CELLS && count_matching_cells("*/*") == MATRIX_CELLS,
	   "an empty pattern matches all cells");
	ok(count_matching_cells("store/load/nested/none/same") == 1,
	   "a whole name matches one cell");
	ok(count_matching_cells("store/load/nested/none") == MATRIX_MAPPINGS,
	   "the last parts may be missing");
	ok(count_matching_cells("//page") == MATRIX_CELLS / MATRIX_RELATIONS,
	   "an empty part matches any");
	ok(count_matching_cells("*_atomic/last_free/around/none/same") == 4, "parts are patterns");
	ok(!count_matching_cells("nothing") && !count_matching_cells("a/b/c/d/e/f"),
	   "other patterns match no cell");
}

UNIT_TEST(test_matrix)
{
	rules = rules_new();
	evaluate_all_cells();
	printf("# %zu combinations, %zu cells, %zu race\n", MATRIX_CELLS, seen.cells, seen.races);
	ok(seen.cells > 10000 && seen.races > 1000, "the matrix has more than 10,000 cells and 1,000 races");
	ok(!seen.disagree, "tables and model agree on every cell");
	ok(!seen.invalid, "every program is valid, and all of its calls run");
	ok(!seen.not_text, "the text of every program is parsed to the same program");
	ok(!seen.odd_names, "every cell matches its name");
	test_all_values_occur();
	test_relations();
	test_patterns();
	rules_delete(rules);
}
