/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Executes cells of the race matrix in a process that runs under a detector. */
#include <stdio.h>
#include <string.h>

#include "dev/race/race_cells.h"
#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/detect/valgrind.h"
#include "tool/util/usage.h"

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#ifdef __clang__
#define COMPILER                                                                                   \
	"clang " STRING(__clang_major__) "." STRING(__clang_minor__) "." STRING(                   \
		__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif

static void run_program_once(struct checker *checker, const struct program *program, bool uses_fibers,
		     struct checker_report *report)
{
	unsigned int errors = valgrind_error_count();

	tsan_clear_shadow();
	checker_evaluate(checker, program);
	if (uses_fibers)
		checker_run_fibers(checker, program, report);
	else
		checker_run_threads(checker, program, report);
	report->race_count += valgrind_error_count() - errors;
}

/*
 * On fibers each run must report as many races as the first. The older runtime of ThreadSanitizer forgets
 * a random byte of a granule: the number may differ, but not between none and some.
 */
static bool has_same_race_count(const struct checker_report *first, struct checker_report *report,
			  unsigned int run)
{
	if (tsan_splits_granules() ? !first->race_count == !report->race_count
				   : first->race_count == report->race_count)
		return true;
	report->result = CHECKER_DIFFERS;
	snprintf(report->difference_text, sizeof(report->difference_text),
		 "run %u reported %zu races where the first run reported %zu", run,
		 report->race_count, first->race_count);
	return false;
}

static void run_and_print_cell(struct checker *checker, const struct race_execution *execution,
			       size_t number, const struct matrix_cell *cell)
{
	static const char *const results[] = { "agree", "miss allowed", "differ" };
	static struct program program;
	struct checker_report first = { 0 }, report;
	unsigned int run = 0, reported = 0;
	bool is_miss_allowed = false;

	matrix_make_program(cell, &program, NULL);
	do {
		run_program_once(checker, &program, execution->uses_fibers, &report);
		if (++run == 1)
			first = report;
		reported += report.race_count > 0;
		is_miss_allowed |= report.result == CHECKER_MISS_ALLOWED;
	} while (report.result != CHECKER_DIFFERS &&
		 (!execution->uses_fibers || has_same_race_count(&first, &report, run)) &&
		 run < execution->repeat_count);
	if (report.result != CHECKER_DIFFERS)
		report.result = is_miss_allowed ? CHECKER_MISS_ALLOWED : CHECKER_AGREES;
	printf("%zu\t%s\t%u\t%u\t%s\n", number, results[report.result], reported, run,
	       report.result == CHECKER_DIFFERS ? report.difference_text : "");
	fflush(stdout);
}

int race_execute_cells(const struct race_execution *execution)
{
	struct checker *checker = checker_new();

	if (!checker)
		return usage_error("race", "no memory for the check");
	printf(COMPILER "\t%s\n", tsan_is_present() || valgrind_is_present() ? "detector" : "none");
	fflush(stdout);
	for (size_t i = execution->from; i < execution->to && i < MATRIX_CELLS; i++) {
		struct matrix_cell cell = matrix_cell(i);

		if (cell.left_out == MATRIX_IS_CELL &&
		    !strcmp(matrix_mappings[cell.mapping], execution->mapping) &&
		    matrix_cell_matches(&cell, execution->pattern))
			run_and_print_cell(checker, execution, i, &cell);
	}
	checker_delete(checker);
	return EXIT_GOOD;
}
