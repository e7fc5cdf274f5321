/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev bench: measures how many programs per second are executed and compared. The
 * executors run in turn, round by round: their ratio is measured, and load of the machine slows
 * both of them. Each measurement is a process of its own, because the threads that one executor
 * leaves in the detector's memory would slow the other one down.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dev/dev.h"
#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/execution.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/util/isolate.h"
#include "tool/util/file_list.h"
#include "tool/util/json.h"
#include "tool/util/options.h"

#define ROUNDS_MAX    1000
#define ROUND_SECONDS 0.2

static const char help[] =
	"Usage: pagetorture-dev bench [OPTION]... FILE...\n"
	"Measure how many programs per second this flavour executes and compares with the rule model: on\n"
	"fibers, and on real threads. Print one JSON object for each figure, on one line, with the values of\n"
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
	{ "fibers", checker_run_fibers },
	{ "real threads", checker_run_threads },
};

static struct {
	struct rules *rules;
	struct program *programs;
	size_t program_count;
	unsigned int rounds;
	const char *ratio_aim; /* the threshold of the ratio, or "" */
	double rates[EXECUTORS][ROUNDS_MAX]; /* programs a second */
} bench = { .rounds = 9, .ratio_aim = "" };

/* ---- measuring ---- */

/* One measurement, in memory that is shared with its process. */
struct measurement {
	const struct executor *executor;
	double rate;
};

static double read_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* An execution is compared with the rule model, which is part of its cost. */
static void execute_and_compare(struct checker *checker, const struct program *program,
				const struct executor *executor)
{
	struct checker_report report;

	checker_evaluate(checker, program);
	executor->run(checker, program, &report);
	/* As fuzz_race does: a later report would search everything since this one. */
	if (report.race_count)
		tsan_clear_shadow();
}

static void measure_rate(void *ctx)
{
	struct measurement *measurement = ctx;
	struct checker *checker = checker_new();
	double start, seconds;
	size_t done = 0;

	if (!checker)
		return;
	exec_options(checker->exec)->first_race_only = true;
	start = read_seconds();
	do {
		for (size_t i = 0; i < bench.program_count; i++)
			execute_and_compare(checker, &bench.programs[i], measurement->executor);
		done += bench.program_count;
		seconds = read_seconds() - start;
	} while (seconds < ROUND_SECONDS);
	measurement->rate = (double)done / seconds;
	checker_delete(checker);
}

static bool measure_in_process(struct measurement *measurement, size_t executor_index,
			       unsigned int round)
{
	static struct isolated child;

	*measurement = (struct measurement){ .executor = &executors[executor_index] };
	if (!isolate(measure_rate, measurement, 60, &child) || !isolated_succeeded(&child) ||
	    measurement->rate <= 0) {
		fprintf(stderr, "bench: expected a rate for %s, got none: %s\n",
			executors[executor_index].name, child.output);
		return false;
	}
	bench.rates[executor_index][round] = measurement->rate;
	return true;
}

/* ---- printing ---- */

static void print_sample(const char *figure_name, const char *unit, const char *aim,
			 const double *values)
{
	struct json out = json_begin(stdout);

	json_begin_object(&out, NULL);
	json_text(&out, "name", figure_name);
	json_text(&out, "flavour", FLAVOUR);
	json_text(&out, "unit", unit);
	json_text(&out, "aim", aim);
	json_begin_array(&out, "values");
	for (unsigned int i = 0; i < bench.rounds; i++)
		json_real(&out, NULL, values[i], 3);
	json_end_line(&out);
}

static int measure_all_rounds(void)
{
	struct measurement *measurement = isolate_map_shared(sizeof(*measurement));
	double ratios[ROUNDS_MAX];

	if (!measurement)
		return usage_error("bench", "no memory");
	for (unsigned int round = 0; round < bench.rounds; round++) {
		for (size_t i = 0; i < EXECUTORS; i++)
			if (!measure_in_process(measurement, i, round))
				return EXIT_FAILED;
		ratios[round] = bench.rates[FIBERS][round] / bench.rates[THREADS][round];
	}
	print_sample("fibers : real threads", "times", bench.ratio_aim, ratios);
	for (size_t i = 0; i < EXECUTORS; i++)
		print_sample(executors[i].name, "programs/s", "", bench.rates[i]);
	return EXIT_GOOD;
}

/* ---- programs ---- */

/* Only a program without a fatal call can be executed many times in one process. */
static int load_programs(const struct file_list *files)
{
	char error[PROGRAM_FILE_ERROR];

	bench.rules = rules_new();
	bench.programs = calloc(files->count, sizeof(*bench.programs));
	if (!bench.rules || !bench.programs)
		return usage_error("bench", "no memory");
	for (size_t i = 0; i < files->count; i++) {
		struct program *program = &bench.programs[bench.program_count];

		if (!program_file_load(files->names[i], program, error)) {
			fprintf(stderr, "%s\n", error);
			return EXIT_BAD;
		}
		rules_evaluate(bench.rules, program);
		bench.program_count += rules_verdict(bench.rules)->fatal_call == VERDICT_NONE;
	}
	return bench.program_count ? EXIT_GOOD :
				     usage_error("bench", "expected a program that can be run");
}

int command_bench(int argc, char **argv)
{
	const struct option_row rows[] = {
		OPTION_TEXT("aim", &bench.ratio_aim),
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_NUMBER("rounds", &bench.rounds, 1, ROUNDS_MAX),
		OPTION_END,
	};
	int status = options_parse("bench", help, rows, argc, argv);
	struct file_list files;

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("bench", "expected at least one FILE");
	status = file_list_init(&files, argc - optind, argv + optind) ? load_programs(&files) : EXIT_BAD;
	if (status == EXIT_GOOD)
		status = measure_all_rounds();
	file_list_destroy(&files);
	free(bench.programs);
	rules_delete(bench.rules);
	return status;
}
