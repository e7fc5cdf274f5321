/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The process that runs under a detector. It executes cells and prints a line for each, with tabs:
 *
 *   NUMBER  agree|miss allowed|differ  REPORTED  RUNS  WHY
 *
 * Its first line has its compiler, and whether it has a detector.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/detect/valgrind.h"
#include "tool/util/usage.h"
#include "dev/race/race.h"

static struct {
	struct checker *check;
	bool fibers;
	unsigned int repeat;
} one;

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#ifdef __clang__
#define COMPILER                                                                                   \
	"clang " STRING(__clang_major__) "." STRING(__clang_minor__) "." STRING(                   \
		__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif

static enum checker_result run_once(const struct program *program, struct checker_report *report)
{
	unsigned int errors = valgrind_errors();

	tsan_flush();
	checker_evaluate(one.check, program);
	if (one.fibers)
		checker_run_fibers(one.check, program, report);
	else
		checker_run_threads(one.check, program, report);
	report->races += valgrind_errors() - errors;
	return report->result;
}

/*
 * On fibers every run is the first again. The older runtime throws dice which byte of a
 * granule it forgets: it may report more or fewer races, but not none.
 */
static bool same_again(const struct checker_report *first, struct checker_report *report,
		       unsigned int run)
{
	bool same = tsan_splits_granules() ? !first->races == !report->races
					   : first->races == report->races;

	if (!one.fibers || same)
		return true;
	report->result = CHECKER_DIFFERS;
	snprintf(report->why, sizeof(report->why),
		 "run %u reported %zu races where the first run reported %zu", run, report->races,
		 first->races);
	return false;
}

static void run_cell(size_t number, const struct matrix_cell *cell)
{
	static const char *const results[] = {"agree", "miss allowed", "differ"};
	static struct program program;
	struct checker_report first = {0}, report;
	unsigned int run = 0, reported = 0;
	bool miss_allowed = false;

	matrix_program(cell, &program, NULL);
	do {
		run_once(&program, &report);
		if (++run == 1)
			first = report;
		reported += report.races > 0;
		miss_allowed |= report.result == CHECKER_MISS_ALLOWED;
	} while (report.result != CHECKER_DIFFERS && same_again(&first, &report, run) &&
		 run < one.repeat);
	if (report.result != CHECKER_DIFFERS)
		report.result = miss_allowed ? CHECKER_MISS_ALLOWED : CHECKER_AGREES;
	printf("%zu\t%s\t%u\t%u\t%s\n", number, results[report.result], reported, run,
	       report.result == CHECKER_DIFFERS ? report.why : "");
	fflush(stdout);
}

/* The same selection as in race_drive.c. */
static void run_cells(const char *mapping, size_t from, size_t to, const char *pattern)
{
	for (size_t i = from; i < to; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (cell.left_out == MATRIX_IS_CELL &&
		    !strcmp(matrix_mappings[cell.mapping], mapping) &&
		    matrix_matches(&cell, pattern))
			run_cell(i, &cell);
	}
}

int race_child(int argc, char **argv)
{
	if (argc != 8)
		return usage_error("race",
				   "expected --child EXECUTOR REPEAT MAPPING FROM TO PATTERN");
	one.check = checker_new();
	if (!one.check)
		return usage_error("race", "no memory for the check");
	one.fibers = !strcmp(argv[2], "fibers");
	one.repeat = (unsigned int)strtoul(argv[3], NULL, 10);
	printf(COMPILER "\t%s\n", tsan_present() || valgrind_present() ? "detector" : "none");
	fflush(stdout);
	run_cells(argv[4], strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10), argv[7]);
	checker_delete(one.check);
	return EXIT_GOOD;
}
