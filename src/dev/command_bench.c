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
#include "harness/util/isolate.h"
#include "tool/util/file_list.h"
#include "tool/util/json.h"
#include "tool/util/options.h"

#define ROUNDS_MAX    1000
#define ROUND_SECONDS 0.2

static const char help[] =
	"Usage: pagetorture-dev bench [OPTION]... FILE...\n"
	"Measure how many programs per second this flavour executes and compares with the rule model: on\n"
	"fibers, on fibers with fresh detector state for each program, and on real threads. Print one\n"
	"JSON object for each figure, on one line, with the values of all rounds. `make bench-programs`\n"
	"prints them as a table. Programs with a fatal call do not run.\n"
	"\n"
	"  --aim AIM        print AIM as the threshold of the first ratio, for `make bench` ('>= 10')\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --rounds N       measure each figure N times (default 9)\n"
	"  --help           print this text\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev-tsan bench corpus/rules/*.page\n";

enum bench_mode { MODEL, FIBERS, FIBERS_FRESH, THREADS, MODES };

static const char *const mode_names[MODES] = { "model alone", "fibers", "fibers, fresh state",
					       "real threads" };

static struct {
	struct rules *rules;
	struct program *programs;
	size_t program_count;
	unsigned int rounds;
	const char *first_aim; /* the threshold of the first ratio, or "" */
	double rates[MODES][ROUNDS_MAX]; /* programs a second */
} bench = { .rounds = 9, .first_aim = "" };

/* ---- measuring ---- */

/* One measurement, in memory that is shared with its process. */
struct measurement {
	enum bench_mode bench_mode;
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
				enum bench_mode bench_mode)
{
	struct checker_report report;

	if (bench_mode == MODEL) {
		rules_evaluate(bench.rules, program);
		return;
	}
	checker_evaluate(checker, program);
	if (bench_mode == FIBERS_FRESH)
		tsan_clear_shadow();
	if (bench_mode == THREADS)
		checker_run_threads(checker, program, &report);
	else
		checker_run_fibers(checker, program, &report);
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
			execute_and_compare(checker, &bench.programs[i], measurement->bench_mode);
		done += bench.program_count;
		seconds = read_seconds() - start;
	} while (seconds < ROUND_SECONDS);
	measurement->rate = (double)done / seconds;
	checker_delete(checker);
}

static bool measure_in_process(struct measurement *measurement, enum bench_mode bench_mode,
			       unsigned int round)
{
	static struct isolated child;

	*measurement = (struct measurement){ .bench_mode = bench_mode };
	if (!isolate(measure_rate, measurement, 60, &child) || !isolated_succeeded(&child) ||
	    measurement->rate <= 0) {
		fprintf(stderr, "bench: expected a rate for %s, got none: %s\n",
			mode_names[bench_mode], child.output);
		return false;
	}
	bench.rates[bench_mode][round] = measurement->rate;
	return true;
}

/* ---- printing ---- */

static void print_sample(const char *ratio_name, const char *unit, const char *aim,
			 const double *values)
{
	struct json out = json_begin(stdout);

	json_begin_object(&out, NULL);
	json_text(&out, "name", ratio_name);
	json_text(&out, "flavour", FLAVOUR);
	json_text(&out, "unit", unit);
	json_text(&out, "aim", aim);
	json_begin_array(&out, "values");
	for (unsigned int i = 0; i < bench.rounds; i++)
		json_real(&out, NULL, values[i], 3);
	json_end_line(&out);
}

static void print_ratio(enum bench_mode fast, enum bench_mode slow, const char *aim)
{
	double ratios[ROUNDS_MAX];
	char ratio_name[64];

	for (unsigned int i = 0; i < bench.rounds; i++)
		ratios[i] = bench.rates[fast][i] / bench.rates[slow][i];
	snprintf(ratio_name, sizeof(ratio_name), "%s : %s", mode_names[fast], mode_names[slow]);
	print_sample(ratio_name, "times", aim, ratios);
}

static int measure_all_modes(void)
{
	struct measurement *measurement = isolate_map_shared(sizeof(*measurement));

	if (!measurement)
		return usage_error("bench", "no memory");
	for (unsigned int round = 0; round < bench.rounds; round++)
		for (enum bench_mode bench_mode = 0; bench_mode < MODES; bench_mode++)
			if (!measure_in_process(measurement, bench_mode, round))
				return EXIT_FAILED;
	print_ratio(FIBERS, THREADS, bench.first_aim);
	print_ratio(FIBERS_FRESH, THREADS, "");
	for (enum bench_mode bench_mode = 0; bench_mode < MODES; bench_mode++)
		print_sample(mode_names[bench_mode], "programs/s", "", bench.rates[bench_mode]);
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
		OPTION_TEXT("aim", &bench.first_aim),
		option_bytes(),
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
		status = measure_all_modes();
	file_list_destroy(&files);
	free(bench.programs);
	rules_delete(bench.rules);
	return status;
}
