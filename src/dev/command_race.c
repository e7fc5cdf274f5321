/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev race: runs the race matrix under every detector. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/util/options.h"
#include "dev/race/race.h"
#include "dev/dev.h"

static const char help[] =
	"Usage: pagetorture-dev race [OPTION]...\n"
	"Run the race matrix under every race detector. A cell of the matrix is a page program: two\n"
	"accesses to a page, an order between them, and the way the page is mapped. Print which races\n"
	"each detector reported and missed, and its false alarms. The tables of the matrix and the rule\n"
	"model both predict each result. Cells within a known limitation of a detector are counted apart.\n"
	"\n"
	"  --backend B       run only cells that map pages with backend B: direct or alias\n"
	"  --cell PATTERN    run only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match PATTERN; each\n"
	"                    part is a shell pattern, and the last parts may be missing\n"
	"  --detector D,...  use only these detectors:\n"
#define DETECTOR(id, name, binary, valgrind, fibers, share, what) \
	"                      " name ": " what "\n"
#include "dev/race/race.def"
#undef DETECTOR
	"  --grid            also print, for each detector, a grid of first and second kind of access\n"
	"  --list            print the names of the cells and the expected results; run nothing\n"
	"  --print           print the programs of the cells; run nothing\n"
	"  --repeat N        run each cell N times under tsan-fibers, N/50 or N/100 times under the\n"
	"                    others, at least once (default 1)\n"
	"  --results FILE    also write all cells and a summary to FILE as one JSON object\n"
	"  --timeout S       stop a cell after S seconds (default 120)\n"
	"  --help            print this text\n"
	"\n"
	"Columns: cells without a known limitation; runs of each; cells that race; races reported in at\n"
	"least one run; races reported in no run; share of runs that report; race-free cells without a\n"
	"report; race-free cells with a report; cells within a known limitation.\n"
	"\n"
	"Exit status: 0 all results are as predicted; 1 they are not; 2 bad usage. On real threads a\n"
	"missed race is no failure; a false alarm always is.\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev race\n"
	"  pagetorture-dev race --detector tsan-fibers --repeat 100\n"
	"  pagetorture-dev race --cell 'write_raw/read_raw/nested/none' --print >race.page\n"
	"  pagetorture-dev race --cell '*_atomic/*_atomic//none' --detector drd,helgrind --grid\n";

/* "a, b, c" */
static const char *const detector_names = &(
#define DETECTOR(id, name, ...) ", " name
#include "dev/race/race.def"
#undef DETECTOR
)[2];

static void want_all(struct race_matrix *race, bool wanted)
{
	for (unsigned int i = 0; i < RACE_DETECTORS; i++)
		race->columns[i].wanted = wanted;
}

static bool read_detectors(char *list, void *into)
{
	struct race_matrix *race = into;
	char *name;

	want_all(race, false);
	while ((name = strsep(&list, ","))) {
		enum race_detector i = race_detector_find(name);

		if (i == RACE_DETECTORS)
			return false;
		race->columns[i].wanted = true;
	}
	return true;
}

static bool read_mapping(char *backend, void *into)
{
	struct race_matrix *race = into;

	for (unsigned int i = 0; i < MATRIX_MAPPINGS; i++)
		if (!strcmp(backend, matrix_backends[i]))
			race->only_mapping = matrix_mappings[i];
	return race->only_mapping;
}

int command_race(int argc, char **argv)
{
	static struct race_matrix race = { .pattern = "", .repeat = 1, .seconds = 120 };
	int output = RACE_AS_TABLE, status;
	struct results results;
	const struct option_row rows[] = {
		OPTION_CHOICE("backend", read_mapping, &race, "direct, alias"),
		OPTION_TEXT("cell", &race.pattern),
		OPTION_CHOICE("detector", read_detectors, &race, detector_names),
		OPTION_PICK("grid", &output, RACE_AS_GRID),
		OPTION_PICK("list", &output, RACE_AS_LIST),
		OPTION_PICK("print", &output, RACE_AS_PROGRAM),
		OPTION_NUMBER("repeat", &race.repeat, 1, 1000000),
		OPTION_TEXT("results", &results.path),
		option_timeout(&race.seconds),
		OPTION_END,
	};

	results_begin(&results, "race", argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--child"))
		return race_child(argc, argv);
	want_all(&race, true);
	status = options_take("race", help, rows, argc, argv);
	if (status >= 0)
		return status;
	if (optind < argc)
		return usage_error("race", "expected no argument, got '%s'", argv[optind]);
	return race_drive(&race, (enum race_output)output, &results);
}
