/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race: the race matrix under every detector. race.py runs it; race-cells prints and
 * executes cells for race.py.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "dev/dev.h"
#include "dev/race/race_cells.h"
#include "harness/util/shell_word.h"
#include "tool/util/options.h"

static const char help[] =
	"Usage: pagetorture-dev race-cells [OPTION]...\n"
	"Print cells of the race matrix, or execute those of one mapping, for `race`.\n"
	"\n"
	"  --cell PATTERN       only cells FIRST/SECOND/RELATION/ORDER/MAPPING that match\n"
	"  --execute MAPPING    execute the cells of the mapping, and print a line for each\n"
	"  --fibers             execute threads as fibers\n"
	"  --from N             the first cell\n"
	"  --json               print the tables and the cells as JSON lines\n"
	"  --list               print the names of the cells and what is expected (default)\n"
	"  --mapping M          only cells of the mapping\n"
	"  --print              print the programs of the cells\n"
	"  --repeat N           execute each cell N times\n"
	"  --to N               the cell at which to stop\n"
	"  --help               print this text\n";

int command_race(int argc, char **argv)
{
	char **arguments = calloc((size_t)argc + 4, sizeof(*arguments));

	if (!arguments)
		return usage_error("race", "no memory");
	arguments[0] = "python3";
	arguments[1] = "-B";
	arguments[2] = RACE_SCRIPT;
	arguments[3] = (char *)(uintptr_t)shell_binary_path();
	for (int i = 1; i < argc; i++)
		arguments[3 + i] = argv[i];
	execvp(arguments[0], arguments);
	return usage_error("race", "expected to start python3: %s", strerror(errno));
}

int command_race_cells(int argc, char **argv)
{
	static struct race_selection selection = { .pattern = "" };
	struct race_execution execution = { .repeat_count = 1, .to = MATRIX_CELLS };
	int format = RACE_AS_LIST;
	const struct option_row rows[] = {
		OPTION_TEXT("cell", &selection.pattern),
		OPTION_TEXT("execute", &execution.mapping),
		OPTION_FLAG("fibers", &execution.uses_fibers),
		OPTION_NUMBER("from", &execution.from, 0, MATRIX_CELLS),
		OPTION_PICK("json", &format, RACE_AS_JSON),
		OPTION_PICK("list", &format, RACE_AS_LIST),
		OPTION_TEXT("mapping", &selection.only_mapping),
		OPTION_PICK("print", &format, RACE_AS_PROGRAM),
		OPTION_NUMBER("repeat", &execution.repeat_count, 1, 1000000),
		OPTION_NUMBER("to", &execution.to, 0, MATRIX_CELLS),
		OPTION_END,
	};
	int status = options_parse("race-cells", help, rows, argc, argv);

	if (status >= 0)
		return status;
	execution.pattern = selection.pattern;
	return execution.mapping ? race_execute_cells(&execution) :
				   race_print_cells(&selection, (enum race_format)format);
}
