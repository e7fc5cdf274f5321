/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race-cells: evaluates the programs of the race matrix with the rule model, or
 * executes them under the detector that watches this process. race.py runs it and reads its lines.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/dev.h"
#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/detect/valgrind.h"
#include "harness/program/program_text.h"
#include "tool/util/options.h"
#include "tool/util/verdict_print.h"

static const char help[] =
	"Usage: pagetorture-dev race-cells [OPTION]...\n"
	"Read page programs from standard input, with a NUL byte after each, for `race`. Print a line of\n"
	"JSON about the build, and for each program the verdict of the rule model.\n"
	"\n"
	"  --execute        execute the programs, and print for each of them, with tabs: the result\n"
	"                   (`agree`, `miss allowed` or `differ`), the runs that reported a race, all\n"
	"                   runs, and the difference from the model; the first line is the compiler,\n"
	"                   and `detector` if a detector watches the process\n"
	"  --fibers         execute threads as fibers\n"
	"  --repeat N       execute each program N times\n"
	"  --timeout S      end the process if a program takes longer than S seconds\n"
	"  --help           print this text\n";

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#ifdef __clang__
#define COMPILER                                                                                   \
	"clang " STRING(__clang_major__) "." STRING(__clang_minor__) "." STRING(                   \
		__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif

struct race_execution {
	bool is_requested; /* false: only evaluate the programs with the rule model */
	bool uses_fibers;
	unsigned int repeat_count;
	unsigned int time_limit_seconds;
};

/* ---- evaluating ---- */

static void print_build(void)
{
	static const char *const backends[] = { "direct", "alias" };
	struct json out = json_begin(stdout);

	json_begin_object(&out, NULL);
	json_bool(&out, "valgrind", valgrind_is_supported());
	json_begin_array(&out, "backends");
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (exec_set_backend(backends[i]))
			json_text(&out, NULL, backends[i]);
	json_end(&out);
	json_end_line(&out);
}

/* Return: whether @text is the program as program_to_text() writes it. */
static bool is_canonical_text(const struct program *program, const char *text)
{
	static char canonical_text[TEXT_PROGRAM_MAX];

	program_to_text(program, canonical_text);
	return !strcmp(canonical_text, text);
}

static void evaluate_program(struct checker *checker, const struct program *program, const char *text)
{
	const struct rules *rules = checker->rules;
	struct json out = json_begin(stdout);

	checker_evaluate(checker, program);
	json_begin_object(&out, NULL);
	verdict_print_json(&out, "", program, rules);
	json_bool(&out, "is_canonical_text", is_canonical_text(program, text));
	json_bool(&out, "runs_all_calls",
		  program_valid(program) && rules_trace(rules)->step_count == program->count);
	json_end_line(&out);
}

/* ---- executing ---- */

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

static void execute_program(struct checker *checker, const struct race_execution *execution,
			    const struct program *program)
{
	static const char *const results[] = { "agree", "miss allowed", "differ" };
	struct checker_report first = { 0 }, report;
	unsigned int run = 0, reported = 0;
	bool is_miss_allowed = false;

	/* SIGALRM ends the process. */
	alarm(execution->time_limit_seconds);
	do {
		run_program_once(checker, program, execution->uses_fibers, &report);
		if (++run == 1)
			first = report;
		reported += report.race_count > 0;
		is_miss_allowed |= report.result == CHECKER_MISS_ALLOWED;
	} while (report.result != CHECKER_DIFFERS &&
		 (!execution->uses_fibers || has_same_race_count(&first, &report, run)) &&
		 run < execution->repeat_count);
	if (report.result != CHECKER_DIFFERS)
		report.result = is_miss_allowed ? CHECKER_MISS_ALLOWED : CHECKER_AGREES;
	printf("%s\t%u\t%u\t%s\n", results[report.result], reported, run,
	       report.result == CHECKER_DIFFERS ? report.difference_text : "");
	fflush(stdout);
}

/* ---- the command ---- */

static int process_programs(struct checker *checker, const struct race_execution *execution)
{
	static struct program program;
	struct text_error error;
	char *text = NULL;
	size_t size = 0;
	int status = EXIT_GOOD;

	while (status == EXIT_GOOD && getdelim(&text, &size, '\0', stdin) > 0) {
		if (!program_from_text(&program, text, strlen(text), &error))
			status = usage_error("race-cells", "line %u: %s", error.line_number, error.message);
		else if (execution->is_requested)
			execute_program(checker, execution, &program);
		else
			evaluate_program(checker, &program, text);
	}
	free(text);
	return status;
}

int command_race_cells(int argc, char **argv)
{
	struct race_execution execution = { .repeat_count = 1, .time_limit_seconds = 120 };
	const struct option_row rows[] = {
		OPTION_FLAG("execute", &execution.is_requested),
		OPTION_FLAG("fibers", &execution.uses_fibers),
		OPTION_NUMBER("repeat", &execution.repeat_count, 1, 1000000),
		OPTION_NUMBER("timeout", &execution.time_limit_seconds, 1, 1000000),
		OPTION_END,
	};
	int status = options_parse("race-cells", help, rows, argc, argv);
	struct checker *checker;

	if (status >= 0)
		return status;
	/* The backend must be chosen before the checker uses the library. */
	if (!execution.is_requested)
		print_build();
	checker = checker_new();
	if (!checker)
		return usage_error("race-cells", "no memory for the check");
	if (execution.is_requested)
		printf(COMPILER "\t%s\n",
		       tsan_is_present() || valgrind_is_present() ? "detector" : "none");
	fflush(stdout);
	status = process_programs(checker, &execution);
	checker_delete(checker);
	return status;
}
