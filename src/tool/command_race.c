/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture race: the race matrix under every detector. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/model/rules.h"
#include "tool/race/race.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture race [OPTION]...\n"
	"Run the race matrix: every pair of accesses to a page x where x what orders them x how\n"
	"the page is mapped, as page programs, under every race detector there is; say what each\n"
	"caught, missed and raised falsely. What is expected follows from the tables and,\n"
	"independently, from the rule model; what a detector is known not to see (its limits)\n"
	"is predicted and counted apart.\n"
	"\n"
	"  --backend B       only cells with this way to map: direct or alias\n"
	"  --cell PATTERN    only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match; parts\n"
	"                    are patterns of the shell, the last ones may be missing\n"
	"  --detector D,...  only these of: drd, gcc-fibers, gcc-inline, gcc-threads, helgrind,\n"
	"                    tsan-fibers, tsan-threads\n"
	"  --grid            also, for each detector, first by second kind of access\n"
	"  --json            one JSON object a cell, then one with the summary\n"
	"  --list            the names of the cells and what is expected; runs nothing\n"
	"  --print           the program of the cells; runs nothing\n"
	"  --repeat N        run each cell N times under tsan-fibers, N/50 or N/100 under the\n"
	"                    others, at least once (default 1)\n"
	"  --results FILE    also write all of it there as one JSON object, for `make report`\n"
	"  --tap             one test for each detector and pair of kinds\n"
	"  --timeout S       seconds for one cell (default 120)\n"
	"  --help            this text\n"
	"\n"
	"Columns: cells within no limit, runs of each, those of them that race, races caught in\n"
	"some run and missed in all, share of runs that report, race-free cells that stay quiet\n"
	"and that do not, cells within a limit.\n"
	"\n"
	"Exit status: 0 all as predicted; 1 not; 2 bad usage. On real threads a missed race is\n"
	"as predicted, for it may hide there; a false alarm never is.\n"
	"\n"
	"Examples:\n"
	"  pagetorture race\n"
	"  pagetorture race --detector tsan-fibers --repeat 100\n"
	"  pagetorture race --cell 'write_raw/read_raw/nested/none' --print >race.page\n"
	"  pagetorture race --cell '*_atomic/*_atomic//none' --detector drd,helgrind --grid\n";

enum output { TABLE, GRID, JSON, TAP, LIST, PROGRAM };

/* ---- what is selected ---- */

static bool selects(const struct race_matrix *race, const struct matrix_cell *cell)
{
	return matrix_match(cell, race->pattern) && !race->without[cell->mapping] &&
	       (!race->only_mapping || !strcmp(matrix_mappings[cell->mapping], race->only_mapping));
}

/* What is only listed needs no library; what runs would pass for another way to map. */
static void leave_out_mappings(struct race_matrix *race)
{
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++) {
		race->without[i] = !exec_choose_backend(matrix_backends[i]);
		if (race->without[i])
			fprintf(stderr, "skipped: cells of mapping %s: the page library has no "
					"backend %s\n", matrix_mappings[i], matrix_backends[i]);
	}
}

/* Both opinions on each cell; a difference is a failure before anything runs. */
static void check_model(struct race_matrix *race, const struct matrix_cell *cell, struct rules *rules)
{
	static struct program program;
	char name[MATRIX_NAME];
	size_t access[2];

	matrix_program(cell, &program, access);
	rules_judge(rules, &program);
	if (matrix_agrees(cell, access, rules))
		return;
	matrix_name(cell, name);
	if (race->disagree++ < 10)
		fprintf(stderr, "%s: tables and rule model disagree: `pagetorture race --cell %s "
				"--print | pagetorture check -` shows the model's opinion\n",
			name, name);
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

/* One program is a file; more are for reading. The mappings of a cell share theirs. */
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
			fprintf(stderr, "skipped: %s: %s\n", race_detectors[i].name, column->skipped);
			continue;
		}
		any = true;
		if (!race_column_good(i, column))
			status = EXIT_FAILED;
	}
	return any ? status : usage_error("race", "expected a detector that this build has");
}

static void print_results(const struct race_matrix *race, enum output output)
{
	if (output == JSON)
		race_print_json(race);
	else if (output == TAP)
		race_print_tap(race);
	else
		race_print_table(race);
	if (output == GRID)
		race_print_grid(race);
	fflush(stdout);
	race_print_failures(race);
}

static bool allocate(struct race_matrix *race)
{
	race->cells = calloc(MATRIX_CELLS, sizeof(*race->cells));
	for (unsigned int i = 0; i < RACE_DETECTORS; i++) {
		race->columns[i].answers = calloc(MATRIX_CELLS, sizeof(struct race_answer));
		if (!race->columns[i].answers)
			return false;
	}
	return race->cells;
}

static int drive(struct race_matrix *race, enum output output, struct results *results)
{
	struct rules *rules = rules_new();
	int status;

	if (!rules || !allocate(race))
		return usage_error("race", "no memory");
	if (output != LIST && output != PROGRAM)
		leave_out_mappings(race);
	select_cells(race, rules);
	rules_delete(rules);
	if (!race->selected)
		return usage_error("race", "expected --cell to match a cell, '%s' matches none",
				   race->pattern);
	if (output == LIST)
		return list_cells(race);
	if (output == PROGRAM)
		return print_programs(race);
	status = run_detectors(race);
	if (status == EXIT_BAD)
		return status;
	print_results(race, output);
	if (results->path && !race_write_results(race, results))
		return EXIT_BAD;
	return status;
}

/* ---- options ---- */

static void want_all(struct race_matrix *race, bool wanted)
{
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		race->columns[i].wanted = wanted;
}

static bool take_detector(void *ctx, const char *name)
{
	struct race_matrix *race = ctx;
	enum race_detector i = race_detector_find(name);

	if (i < RACE_DETECTORS)
		race->columns[i].wanted = true;
	return i < RACE_DETECTORS;
}

static bool parse_detectors(char *list, struct race_matrix *race)
{
	want_all(race, false);
	return parse_list(list, take_detector, race);
}

static bool parse_backend(const char *name, struct race_matrix *race)
{
	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++)
		if (!strcmp(name, matrix_backends[i]))
			race->only_mapping = matrix_mappings[i];
	return race->only_mapping;
}

int command_race(int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "cell", required_argument, NULL, 'c' },
		{ "detector", required_argument, NULL, 'd' },
		{ "grid", no_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "print", no_argument, NULL, 'p' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "results", required_argument, NULL, 'o' },
		{ "tap", no_argument, NULL, 't' },
		{ "timeout", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	static struct race_matrix race = { .pattern = "", .repeat = 1, .seconds = 120 };
	enum output output = TABLE;
	struct results results;
	int option;

	results_begin(&results, "race", argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--one"))
		return race_one(argc, argv);
	want_all(&race, true);
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'c')
			race.pattern = optarg;
		else if (option == 'g')
			output = GRID;
		else if (option == 'j')
			output = JSON;
		else if (option == 'l')
			output = LIST;
		else if (option == 'o')
			results.path = optarg;
		else if (option == 'p')
			output = PROGRAM;
		else if (option == 't')
			output = TAP;
		else if (option == 'b' && !parse_backend(optarg, &race))
			return usage_error("race", "expected --backend direct or alias, got '%s'",
					   optarg);
		else if (option == 'd' && !parse_detectors(optarg, &race))
			return usage_error("race", "expected detectors of drd, gcc-fibers, gcc-inline, "
						   "gcc-threads, helgrind, tsan-fibers, tsan-threads"
						   ", got '%s'", optarg);
		else if (option == 'r' && !parse_number(optarg, 1, 1000000, &race.repeat))
			return usage_error("race", "expected --repeat 1 .. 1000000, got '%s'", optarg);
		else if (option == 's' && !parse_number(optarg, 1, 1000000, &race.seconds))
			return usage_error("race", "expected --timeout 1 .. 1000000, got '%s'", optarg);
		else if (option == '?')
			return usage_error("race", "unknown or incomplete option %s", argv[optind - 1]);
	}
	if (optind < argc)
		return usage_error("race", "expected no argument, got '%s'", argv[optind]);
	return drive(&race, output, &results);
}
