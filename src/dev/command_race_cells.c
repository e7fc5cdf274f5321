/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race-cells: evaluates the programs of the race matrix with the rule model, or executes the
 * programs under the race detector of this process. race.py runs this command and reads its output.
 */
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
	"Read page programs from standard input, with a NUL byte after each, for `race`. Print a "
	"JSON object\n"
	"about the build, and for each program one with the verdict of the rule model, each on a "
	"line.\n"
	"\n"
	"  --execute        execute the programs instead, and print a line of four fields, "
	"separated by tabs,\n"
	"                   for each: the result (`agree`, `miss allowed` or `differ`), the number "
	"of runs that\n"
	"                   reported a race, the number of runs, and the difference from the "
	"model; the first\n"
	"                   line has the compiler, and `detector` or `none`\n"
	"  --fibers         execute threads as fibers\n"
	"  --repeat N       execute each program N times\n"
	"  --timeout S      end the process if a program takes longer than S seconds\n"
	"  --help           print this text\n";

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)
#ifdef __clang__
#define COMPILER "clang " STRING(__clang_major__) "." STRING(__clang_minor__) "." STRING(__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif

struct race_cells_options {
	bool must_execute; /* false: only evaluate the programs with the rule model */
	bool uses_fibers;
	unsigned int runs_per_program;
	unsigned int time_limit_seconds; /* limit for all runs of one program together */
};

/* ---- evaluating ---- */

static void try_backends_and_print_features(void)
{
	static const char *const backends[] = { "direct", "alias" };
	struct json out = json_make_writer(stdout);

	json_begin_object(&out, NULL);
	json_bool(&out, "valgrind", valgrind_is_supported());
	json_begin_array(&out, "backends");
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (exec_set_backend(backends[i]))
			json_text(&out, NULL, backends[i]);
	json_end(&out);
	json_end_all_and_newline(&out);
}

/* Return: whether @text is the text that program_to_text() writes for the program. */
static bool is_canonical_text(const struct program *program, const char *text)
{
	static char canonical_text[TEXT_PROGRAM_MAX];

	program_to_text(program, canonical_text);
	return !strcmp(canonical_text, text);
}

static void evaluate_and_print_program(struct checker *checker, const struct program *program,
				       const char *text)
{
	const struct rules *rules = checker->rules;
	struct json out = json_make_writer(stdout);

	checker_evaluate(checker, program);
	json_begin_object(&out, NULL);
	verdict_write_json_members(&out, "", program, rules);
	json_bool(&out, "is_canonical_text", is_canonical_text(program, text));
	json_bool(&out, "runs_all_calls",
		  program_valid(program) && rules_trace(rules)->step_count == program->count);
	json_end_all_and_newline(&out);
}

/* ---- executing ---- */

static void evaluate_and_run_program_once(struct checker *checker, const struct program *program,
					  bool uses_fibers, struct checker_report *report)
{
	unsigned int errors = valgrind_error_count();

	tsan_clear_shadow();
	checker_evaluate(checker, program);
	if (uses_fibers)
		checker_run_and_compare_fibers(checker, program, report);
	else
		checker_run_and_compare_threads(checker, program, report);
	report->race_count += valgrind_error_count() - errors;
}

/*
 * On fibers each run must report as many races as the first run; otherwise the result of @report becomes
 * CHECKER_DIFFERS. An old ThreadSanitizer forgets a random access of a full granule, so it may report
 * different numbers of races in each run. In that case all runs or no run must report a race.
 */
static bool check_race_count_unchanged(const struct checker_report *first, struct checker_report *report,
				       unsigned int run_number)
{
	if (tsan_stores_cell_per_byte() ? !first->race_count == !report->race_count :
					  first->race_count == report->race_count)
		return true;
	report->result = CHECKER_DIFFERS;
	snprintf(report->difference_or_miss_text, sizeof(report->difference_or_miss_text),
		 "run %u reported %zu races where the first run reported %zu", run_number, report->race_count,
		 first->race_count);
	return false;
}

static void execute_repeatedly_and_print(struct checker *checker, const struct race_cells_options *options,
					 const struct program *program)
{
	static const char *const results[] = { "agree", "miss allowed", "differ" };
	struct checker_report first = { 0 }, report;
	unsigned int run_count = 0, reporting_run_count = 0;
	bool is_miss_allowed = false;

	/* At the time limit SIGALRM ends the process. */
	alarm(options->time_limit_seconds);
	do {
		evaluate_and_run_program_once(checker, program, options->uses_fibers, &report);
		if (++run_count == 1)
			first = report;
		reporting_run_count += report.race_count > 0;
		is_miss_allowed |= report.result == CHECKER_MISS_ALLOWED;
	} while (report.result != CHECKER_DIFFERS &&
		 (!options->uses_fibers || check_race_count_unchanged(&first, &report, run_count)) &&
		 run_count < options->runs_per_program);
	if (report.result != CHECKER_DIFFERS)
		report.result = is_miss_allowed ? CHECKER_MISS_ALLOWED : CHECKER_AGREES;
	printf("%s\t%u\t%u\t%s\n", results[report.result], reporting_run_count, run_count,
	       report.result == CHECKER_DIFFERS ? report.difference_or_miss_text : "");
	fflush(stdout);
}

/* ---- the command ---- */

static int read_and_process_programs(struct checker *checker, const struct race_cells_options *options)
{
	static struct program program;
	struct text_error error;
	char *text = NULL;
	size_t size = 0;
	int status = EXIT_GOOD;

	while (status == EXIT_GOOD && getdelim(&text, &size, '\0', stdin) > 0) {
		if (!program_from_text(&program, text, strlen(text), &error))
			status = usage_error("race-cells", "line %u: %s", error.line_number, error.message);
		else if (options->must_execute)
			execute_repeatedly_and_print(checker, options, &program);
		else
			evaluate_and_print_program(checker, &program, text);
	}
	free(text);
	return status;
}

int command_race_cells(int argc, char **argv)
{
	struct race_cells_options options = { .runs_per_program = 1, .time_limit_seconds = 120 };
	const struct option_row rows[] = {
		OPTION_FLAG("execute", &options.must_execute),
		OPTION_FLAG("fibers", &options.uses_fibers),
		OPTION_NUMBER("repeat", &options.runs_per_program, 1, 1000000),
		OPTION_NUMBER("timeout", &options.time_limit_seconds, 1, 1000000),
		OPTION_END,
	};
	int status = options_parse_or_return_status("race-cells", help, rows, argc, argv);
	struct checker *checker;

	if (status >= 0)
		return status;
	/* A backend can be selected only before the checker uses the library. */
	if (!options.must_execute)
		try_backends_and_print_features();
	checker = checker_new();
	if (!checker)
		return usage_error("race-cells", "no memory for the check");
	if (options.must_execute)
		printf(COMPILER "\t%s\n", tsan_is_present() || valgrind_is_present() ? "detector" : "none");
	fflush(stdout);
	status = read_and_process_programs(checker, &options);
	checker_delete(checker);
	return status;
}
