/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev race: the race matrix under every detector. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tool/util/options.h"
#include "dev/race/race.h"
#include "dev/dev.h"

static const char help[] =
	"Usage: pagetorture-dev race [OPTION]...\n"
	"Run the race matrix under every race detector: each pair of accesses to a page x what orders\n"
	"them x how the page is mapped, as page programs. Print what each detector caught, missed and\n"
	"reported falsely. The tables of the matrix and, independently, the rule model predict the\n"
	"results; cells within a known limitation of a detector are predicted and counted apart.\n"
	"\n"
	"  --backend B       only cells with this way to map: direct or alias\n"
	"  --cell PATTERN    only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match; parts\n"
	"                    are patterns of the shell, the last ones may be missing\n"
	"  --detector D,...  only these of\n"
#define DETECTOR(id, name, binary, valgrind, fibers, share, what) \
	"                      " name ": " what "\n"
#include "dev/race/race.def"
#undef DETECTOR
	"  --grid            also, for each detector, first by second kind of access\n"
	"  --list            the names of the cells and what is expected; runs nothing\n"
	"  --print           the program of the cells; runs nothing\n"
	"  --repeat N        run each cell N times under tsan-fibers, N/50 or N/100 under the\n"
	"                    others, at least once (default 1)\n"
	"  --results FILE    also write all cells and a summary there as one JSON object\n"
	"  --timeout S       seconds for one cell (default 120)\n"
	"  --help            this text\n"
	"\n"
	"Columns: cells within no known limitation, runs of each, those of them that race, races\n"
	"caught in at least one run and missed in all, share of runs that report, race-free cells\n"
	"without and with a report, cells within a known limitation.\n"
	"\n"
	"Exit status: 0 all as predicted; 1 not; 2 bad usage. On real threads a race may be missed;\n"
	"a false alarm is never as predicted.\n"
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
