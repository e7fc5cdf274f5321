/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev bench: measures how many programs per second are executed and compared with the rule model,
 * on fibers and on real threads. Each round measures both executors, because the result is the ratio of their
 * rates, and other load in a round slows both. Each measurement has its own process, because ThreadSanitizer
 * remembers the threads of one executor, which would slow down the other executor.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "dev/dev.h"
#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/execution.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/util/isolate.h"
#include "tool/util/clock.h"
#include "tool/util/file_list.h"
#include "tool/util/json.h"
#include "tool/util/options.h"

#define ROUNDS_MAX 1000
#define ROUND_US   200000

static const char help[] =
	"Usage: pagetorture-dev bench [OPTION]... FILE...\n"
	"Measure how many programs per second this flavour executes and compares with the rule model: on\n"
	"fibers, and on real threads. Print one JSON object for each figure, on one line, with the values "
	"of\n"
	"all rounds. `make bench-programs` prints them as a table. Programs with a fatal call do not run.\n"
	"\n"
	"  --aim AIM        print AIM as the threshold of the ratio, for `make bench` ('>= 10')\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --rounds N       measure each figure N times (default 9)\n"
	"  --help           print this text\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev-tsan bench corpus/rules/*.page\n";

struct executor {
	const char *name;
	enum checker_result (*run)(struct checker *checker, const struct program *program,
				   struct checker_report *report);
};

enum { FIBERS, THREADS, EXECUTORS };

static const struct executor executors[EXECUTORS] = {
	{ "fibers", checker_run_and_compare_fibers },
	{ "real threads", checker_run_and_compare_threads },
};

static struct {
	struct rules *rules;
	struct program *programs;
	size_t program_count;
	unsigned int round_count;
	const char *ratio_aim;               /* the threshold, or empty */
	double rates[EXECUTORS][ROUNDS_MAX]; /* programs per second */
} bench = { .round_count = 9, .ratio_aim = "" };

/* ---- measuring ---- */

/* One measurement. The child process that measures shares this memory with its parent process. */
struct measurement {
	const struct executor *executor;
	double rate; /* programs per second */
};

/* The measured time includes the rule model's evaluation, with which the execution is compared. */
static void evaluate_and_execute_program(struct checker *checker, const struct program *program,
					 const struct executor *executor)
{
	struct checker_report report;

	checker_evaluate(checker, program);
	executor->run(checker, program, &report);
	/* fuzz_race also clears after a race: a later report would search all accesses since the race. */
	if (report.race_count)
		tsan_clear_shadow();
}

static void measure_rate_in_child(void *ctx)
{
	struct measurement *measurement = ctx;
	struct checker *checker = checker_new();
	int64_t start_us, passed_us;
	size_t execution_count = 0;

	if (!checker)
		return;
	exec_options(checker->exec)->first_race_only = true;
	start_us = clock_read_us(CLOCK_MONOTONIC);
	do {
		for (size_t i = 0; i < bench.program_count; i++)
			evaluate_and_execute_program(checker, &bench.programs[i], measurement->executor);
		execution_count += bench.program_count;
		passed_us = clock_read_us(CLOCK_MONOTONIC) - start_us;
	} while (passed_us < ROUND_US);
	measurement->rate = (double)execution_count * 1e6 / (double)passed_us;
	checker_delete(checker);
}

/* Stores the measured rate in bench.rates. Return: false, after a message, if the child process failed. */
static bool measure_in_child_process(struct measurement *measurement, size_t executor_index,
				     unsigned int round)
{
	static struct isolated child;

	*measurement = (struct measurement){ .executor = &executors[executor_index] };
	if (!isolate_call(measure_rate_in_child, measurement, 60, &child) || !child.has_returned ||
	    measurement->rate <= 0) {
		fprintf(stderr, "bench: expected a rate for %s, got none: %s\n",
			executors[executor_index].name, child.output);
		return false;
	}
	bench.rates[executor_index][round] = measurement->rate;
	return true;
}

/* ---- printing ---- */

static void print_figure_as_json(const char *figure_name, const char *unit, const char *aim,
				 const double *values)
{
	struct json out = json_make_writer(stdout);

	json_begin_object(&out, NULL);
	json_text(&out, "name", figure_name);
	json_text(&out, "flavour", FLAVOUR);
	json_text(&out, "unit", unit);
	json_text(&out, "aim", aim);
	json_begin_array(&out, "values");
	for (unsigned int i = 0; i < bench.round_count; i++)
		json_real(&out, NULL, values[i], 3);
	json_end_all_and_newline(&out);
}

static int measure_and_print_all_rounds(void)
{
	struct measurement *measurement = isolate_map_shared(sizeof(*measurement));
	double ratios[ROUNDS_MAX];

	if (!measurement)
		return usage_error("bench", "no memory");
	for (unsigned int round = 0; round < bench.round_count; round++) {
		for (size_t i = 0; i < EXECUTORS; i++)
			if (!measure_in_child_process(measurement, i, round))
				return EXIT_FAILED;
		ratios[round] = bench.rates[FIBERS][round] / bench.rates[THREADS][round];
	}
	print_figure_as_json("fibers : real threads", "times", bench.ratio_aim, ratios);
	for (size_t i = 0; i < EXECUTORS; i++)
		print_figure_as_json(executors[i].name, "programs/s", "", bench.rates[i]);
	return EXIT_GOOD;
}

/* ---- programs ---- */

/* Leaves out programs with a fatal call, because such a call ends the process. Return: an exit status. */
static int load_programs_without_fatal_call(const struct file_list *files)
{
	char error[PROGRAM_FILE_ERROR];

	bench.rules = rules_new();
	bench.programs = calloc(files->count, sizeof(*bench.programs));
	if (!bench.rules || !bench.programs)
		return usage_error("bench", "no memory");
	for (size_t i = 0; i < files->count; i++) {
		struct program *program = &bench.programs[bench.program_count];

		if (!program_file_read_and_parse(files->names[i], program, error)) {
			fprintf(stderr, "%s\n", error);
			return EXIT_BAD;
		}
		rules_evaluate(bench.rules, program);
		bench.program_count += rules_verdict(bench.rules)->fatal_call == VERDICT_NONE;
	}
	return bench.program_count ? EXIT_GOOD : usage_error("bench", "expected a program that can be run");
}

int command_bench(int argc, char **argv)
{
	const struct option_row rows[] = {
		OPTION_TEXT("aim", &bench.ratio_aim),
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_NUMBER("rounds", &bench.round_count, 1, ROUNDS_MAX),
		OPTION_END,
	};
	int status = options_parse_or_return_status("bench", help, rows, argc, argv);
	struct file_list files;

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("bench", "expected at least one FILE");
	status = file_list_init_and_check_arguments(&files, argc - optind, argv + optind) ?
			 load_programs_without_fatal_call(&files) :
			 EXIT_BAD;
	if (status == EXIT_GOOD)
		status = measure_and_print_all_rounds();
	file_list_destroy(&files);
	free(bench.programs);
	rules_delete(bench.rules);
	return status;
}
