/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The half that runs inside a detector: executes cells and answers a line each,
 *
 *   NUMBER  agree|beyond|differ  REPORTED  RUNS  WHY
 *
 * separated by tabs, after a first line of the compiler and whether a detector is there.
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
#define STRING(x)    STRING_OF(x)
#ifdef __clang__
#define COMPILER                                                               \
	"clang " STRING(__clang_major__) "." STRING(__clang_minor__) "." STRING( \
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
	bool same = tsan_splits_granules() ? !first->races == !report->races :
					     first->races == report->races;

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
	static const char *const results[] = { "agree", "beyond", "differ" };
	static struct program program;
	struct checker_report first = { 0 }, report;
	unsigned int run = 0, reported = 0;
	bool beyond = false;

	matrix_program(cell, &program, NULL);
	do {
		run_once(&program, &report);
		if (++run == 1)
			first = report;
		reported += report.races > 0;
		beyond |= report.result == CHECKER_MISS_ALLOWED;
	} while (report.result != CHECKER_DIFFERS && same_again(&first, &report, run) &&
		 run < one.repeat);
	if (report.result != CHECKER_DIFFERS)
		report.result = beyond ? CHECKER_MISS_ALLOWED : CHECKER_AGREES;
	printf("%zu\t%s\t%u\t%u\t%s\n", number, results[report.result], reported, run,
	       report.result == CHECKER_DIFFERS ? report.why : "");
	fflush(stdout);
}

/* Selected as race_run.c does it: the two must meet. */
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

int race_one(int argc, char **argv)
{
	if (argc != 8)
		return usage_error("race", "expected --one EXECUTOR REPEAT MAPPING FROM TO PATTERN");
	one.check = checker_new();
	if (!one.check)
		return usage_error("race", "no memory for the check");
	one.fibers = !strcmp(argv[2], "fibers");
	one.repeat = (unsigned int)strtoul(argv[3], NULL, 10);
	printf(COMPILER "\t%s\n", tsan_present() || valgrind_present() ? "watched" : "blind");
	fflush(stdout);
	run_cells(argv[4], strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10), argv[7]);
	checker_delete(one.check);
	return EXIT_GOOD;
}
