/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/race_cells.h"

#include <stdlib.h>
#include <string.h>

#include "harness/detect/valgrind.h"
#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "harness/program/program_text.h"
#include "harness/util/shell_word.h"
#include "tool/util/json.h"
#include "tool/util/usage.h"

/* ---- the tables of race.def ---- */

#define DETECTOR(name, ...) DETECTOR_##name,
enum race_detector {
#include "dev/race/race.def"
	DETECTORS
};
#undef DETECTOR

enum race_effect { MISSES, MAY_MISS, ALARMS };

static const char *const effect_names[] = { "misses", "may miss", "alarms" };

#define BIT(name) (1u << DETECTOR_##name)

/* Defines one function for each limitation: whether the limitation applies to a cell. */
#define LIMITATION(name, detectors, effect, condition, text)                                  \
	static bool is_within_##name(const struct matrix_cell *c,                             \
					  const struct matrix_kind_info *a,                        \
					  const struct matrix_kind_info *b)                        \
	{                                                                                          \
		(void)c;                                                                           \
		(void)a;                                                                           \
		(void)b;                                                                           \
		return condition;                                                                  \
	}
#include "dev/race/race.def"
#undef LIMITATION

static const struct limitation {
	const char *name, *text;
	enum race_effect effect;
	unsigned int detectors; /* bits */
	bool (*is_within)(const struct matrix_cell *c, const struct matrix_kind_info *a,
			  const struct matrix_kind_info *b);
} limitations[] = {
#define LIMITATION(name, detectors, effect, condition, text) \
	{ #name, text, effect, detectors, is_within_##name },
#include "dev/race/race.def"
#undef LIMITATION
};

#define LIMITATIONS (sizeof(limitations) / sizeof(limitations[0]))

static const struct detector_info {
	const char *name, *binary, *valgrind;
	bool uses_fibers;
	unsigned int share;
	const char *what;
} detectors[DETECTORS] = {
#define DETECTOR(id, name, binary, valgrind, fibers, share, what) \
	{ name, binary, valgrind, fibers, share, what },
#include "dev/race/race.def"
#undef DETECTOR
};

/* Return: the limitation of the detector that applies to the cell, or NULL. */
static const struct limitation *find_limitation(enum race_detector detector,
						const struct matrix_cell *cell)
{
	for (size_t i = 0; i < LIMITATIONS; i++)
		if (limitations[i].detectors & 1u << detector &&
		    matrix_cell_races(cell) == (limitations[i].effect != ALARMS) &&
		    limitations[i].is_within(cell, &matrix_kinds[cell->kind[0]],
					     &matrix_kinds[cell->kind[1]]))
			return &limitations[i];
	return NULL;
}

/* ---- selecting ---- */

static void print_disagreement(const char *cell)
{
	fprintf(stderr, "%s: tables and rule model disagree; what the model says:\n  replay: ", cell);
	shell_word_print(stderr, shell_binary_path());
	fputs(" race --cell ", stderr);
	shell_word_print(stderr, cell);
	fputs(" --print | ", stderr);
	shell_word_print(stderr, shell_binary_path());
	fputs(" check -\n", stderr);
}

/* Tables and rule model must agree on a cell; a difference is a failure before anything runs. */
static void check_model(struct race_selection *selection, const struct matrix_cell *cell,
			struct rules *rules)
{
	static struct program program;
	char cell_name[MATRIX_NAME];
	size_t access_indices[2];

	matrix_make_program(cell, &program, access_indices);
	rules_evaluate(rules, &program);
	if (matrix_agrees_with_model(cell, access_indices, rules))
		return;
	matrix_format_name(cell, cell_name);
	if (selection->disagreement_count++ < 10)
		print_disagreement(cell_name);
}

/* A cell of a mapping that the library lacks would run with another mapping. */
static void find_missing_mappings(struct race_selection *selection)
{
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++) {
		selection->lacks_mapping[i] = !exec_set_backend(matrix_backends[i]);
		if (selection->lacks_mapping[i])
			fprintf(stderr,
				"skipped: cells of mapping %s: the page library has no backend %s\n",
				matrix_mappings[i], matrix_backends[i]);
	}
}

static void select_cells(struct race_selection *selection, struct rules *rules)
{
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (!matrix_cell_matches(&cell, selection->pattern) ||
		    selection->lacks_mapping[cell.mapping] ||
		    (selection->only_mapping &&
		     strcmp(matrix_mappings[cell.mapping], selection->only_mapping)))
			continue;
		if (cell.left_out != MATRIX_IS_CELL) {
			selection->left_out[cell.left_out]++;
			continue;
		}
		selection->is_selected[i] = true;
		selection->selected_count++;
		selection->race_count += matrix_cell_races(&cell);
		check_model(selection, &cell, rules);
	}
}

/* ---- printing ---- */

static void print_cell_name(const struct matrix_cell *cell)
{
	char cell_name[MATRIX_NAME];

	matrix_format_name(cell, cell_name);
	printf("%-9s %s\n", matrix_cell_races(cell) ? "data-race" : "clean", cell_name);
}

/* The cell's program as text, with its name as a comment. */
static void format_cell_program(const struct matrix_cell *cell, char *text, size_t size)
{
	static struct program program;
	static char plain[TEXT_PROGRAM_MAX];
	char cell_name[MATRIX_NAME];
	size_t header_length;

	matrix_format_name(cell, cell_name);
	*strrchr(cell_name, '/') = '\0';
	matrix_make_program(cell, &program, NULL);
	program_to_text(&program, plain);
	header_length = strcspn(plain, "\n");
	snprintf(text, size, "%.*s\n# Cell %s of the race matrix.\n%s", (int)header_length, plain,
		 cell_name, plain + header_length + 1);
}

#define PROGRAM_TEXT (TEXT_PROGRAM_MAX + MATRIX_NAME + 64)

/* Prints the program once for all mappings of a cell. */
static void print_cell_program(const struct race_selection *selection, size_t number,
			  const struct matrix_cell *cell)
{
	static char text[PROGRAM_TEXT];
	static bool has_printed;

	if (cell->mapping && selection->is_selected[number - 1])
		return;
	format_cell_program(cell, text, sizeof(text));
	printf("%s%s", has_printed ? "\n" : "", text);
	has_printed = true;
}

static void print_range_json(struct json *out, const char *key, const struct matrix_range *range)
{
	json_begin_object(out, key);
	json_number(out, "from", range->off);
	json_number(out, "to", range->off + range->len);
	json_end(out);
}

static void print_cell_json(size_t number, const struct matrix_cell *cell)
{
	static char text[PROGRAM_TEXT];
	struct json out = json_begin(stdout);
	char cell_name[MATRIX_NAME];

	matrix_format_name(cell, cell_name);
	format_cell_program(cell, text, sizeof(text));
	json_begin_object(&out, NULL);
	json_number(&out, "number", (int64_t)number);
	json_text(&out, "cell", cell_name);
	json_text(&out, "first", matrix_kinds[cell->kind[0]].name);
	json_text(&out, "second", matrix_kinds[cell->kind[1]].name);
	json_text(&out, "relation", matrix_relations[cell->relation]);
	json_text(&out, "order", matrix_orders[cell->order]);
	json_text(&out, "mapping", matrix_mappings[cell->mapping]);
	print_range_json(&out, "first_bytes", &cell->range[0]);
	print_range_json(&out, "second_bytes", &cell->range[1]);
	json_text(&out, "expect", matrix_cell_races(cell) ? "data-race" : "clean");
	json_text(&out, "program", text);
	json_begin_object(&out, "limitations");
	for (unsigned int i = 0; i < DETECTORS; i++) {
		const struct limitation *limitation = find_limitation(i, cell);

		if (limitation)
			json_text(&out, detectors[i].name, limitation->name);
	}
	json_end_line(&out);
}

static void print_detectors_json(struct json *out)
{
	json_begin_array(out, "detectors");
	for (unsigned int i = 0; i < DETECTORS; i++) {
		json_begin_object(out, NULL);
		json_text(out, "name", detectors[i].name);
		json_text(out, "binary", detectors[i].binary);
		json_text(out, "valgrind", detectors[i].valgrind);
		json_bool(out, "fibers", detectors[i].uses_fibers);
		json_number(out, "share", detectors[i].share);
		json_text(out, "what", detectors[i].what);
		json_end(out);
	}
	json_end(out);
}

static void print_limitations_json(struct json *out)
{
	json_begin_array(out, "limitations");
	for (unsigned int i = 0; i < LIMITATIONS; i++) {
		json_begin_object(out, NULL);
		json_text(out, "name", limitations[i].name);
		json_text(out, "text", limitations[i].text);
		json_text(out, "effect", effect_names[limitations[i].effect]);
		json_end(out);
	}
	json_end(out);
}

static void print_mappings_json(const struct race_selection *selection, struct json *out)
{
	json_begin_array(out, "mappings");
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++) {
		json_begin_object(out, NULL);
		json_text(out, "name", matrix_mappings[i]);
		json_text(out, "backend", matrix_backends[i]);
		json_bool(out, "lacking", selection->lacks_mapping[i]);
		json_end(out);
	}
	json_end(out);
}

static void print_tables_json(const struct race_selection *selection)
{
	struct json out = json_begin(stdout);
	size_t combinations = selection->selected_count;

	json_begin_object(&out, NULL);
	json_begin_array(&out, "left_out");
	for (unsigned int i = 0; i < MATRIX_REASONS; i++) {
		combinations += selection->left_out[i];
		if (!selection->left_out[i])
			continue;
		json_begin_object(&out, NULL);
		json_text(&out, "name", matrix_reasons[i].name);
		json_text(&out, "text", matrix_reasons[i].text);
		json_number(&out, "count", (int64_t)selection->left_out[i]);
		json_end(&out);
	}
	json_end(&out);
	json_number(&out, "combinations", (int64_t)combinations);
	json_number(&out, "cells", (int64_t)selection->selected_count);
	json_number(&out, "races", (int64_t)selection->race_count);
	json_number(&out, "disagree", (int64_t)selection->disagreement_count);
	json_bool(&out, "valgrind", valgrind_is_supported());
	json_begin_array(&out, "kinds");
	for (unsigned int i = 0; i < MATRIX_KINDS; i++)
		json_text(&out, NULL, matrix_kinds[i].name);
	json_end(&out);
	print_mappings_json(selection, &out);
	print_detectors_json(&out);
	print_limitations_json(&out);
	json_end_line(&out);
}

int race_print_cells(struct race_selection *selection, enum race_format format)
{
	struct rules *rules = rules_new();

	if (!rules)
		return usage_error("race", "no memory");
	if (format == RACE_AS_JSON)
		find_missing_mappings(selection);
	select_cells(selection, rules);
	rules_delete(rules);
	if (!selection->selected_count)
		return usage_error("race", "expected --cell to match a cell, '%s' matches none",
				   selection->pattern);
	if (format == RACE_AS_JSON)
		print_tables_json(selection);
	for (size_t i = 0; i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (!selection->is_selected[i])
			continue;
		if (format == RACE_AS_LIST)
			print_cell_name(&cell);
		else if (format == RACE_AS_PROGRAM)
			print_cell_program(selection, i, &cell);
		else
			print_cell_json(i, &cell);
	}
	return selection->disagreement_count ? EXIT_FAILED : EXIT_GOOD;
}
