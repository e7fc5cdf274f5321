/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The executors run in turn, round by round: their ratio is measured, and load of the machine slows
 * both of them. Each measurement is a process of its own, because the threads that one executor
 * leaves in the detector's memory would slow the other one down.
 */
#include "dev/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/util/isolate.h"
#include "harness/checker.h"
#include "harness/detect/tsan.h"
#include "harness/program/program_file.h"
#include "harness/execution.h"
#include "tool/util/file_list.h"
#include "tool/util/json.h"
#include "tool/util/usage.h"

#define ROUND_SECONDS 0.2

enum mode { MODEL, FIBERS, FIBERS_FRESH, THREADS, MODES };

static const char *const mode_names[MODES] = {"model alone", "fibers", "fibers, fresh state",
					      "real threads"};

struct bench {
	struct checker *check; /* of the measuring process */
	struct rules *rules;
	struct program *programs;
	size_t count;
	double rates[MODES][BENCH_ROUNDS]; /* programs a second */
	const struct bench_order *order;
};

/* One measurement: its mode and its result, in memory that is shared with its process. */
struct measurement {
	struct bench *bench;
	enum mode mode;
	double rate;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void run_program(struct bench *b, const struct program *program, enum mode mode)
{
	struct checker_report report;

	if (mode == MODEL) {
		rules_evaluate(b->rules, program);
		return;
	}
	if (mode == FIBERS_FRESH)
		tsan_flush();
	if (mode == THREADS)
		checker_run_threads(b->check, program, &report);
	else
		checker_run_fibers(b->check, program, &report);
	/* As fuzz_race does: a later report would search everything since this one. */
	if (report.races)
		tsan_flush();
}

/* An execution is compared with the rule model, which is part of its cost. */
static double rate(struct bench *b, enum mode mode)
{
	double start = now(), seconds;
	size_t done = 0;

	do {
		for (size_t i = 0; i < b->count; i++) {
			if (mode != MODEL)
				checker_evaluate(b->check, &b->programs[i]);
			run_program(b, &b->programs[i], mode);
		}
		done += b->count;
		seconds = now() - start;
	} while (seconds < ROUND_SECONDS);
	return (double)done / seconds;
}

static void measure_rate(void *ctx)
{
	struct measurement *m = ctx;

	m->bench->check = checker_new();
	if (!m->bench->check)
		return;
	exec_options(checker_exec(m->bench->check))->first_race_only = true;
	m->rate = rate(m->bench, m->mode);
	checker_delete(m->bench->check);
}

static bool run_measurement(struct measurement *m, struct bench *b, enum mode mode,
			    unsigned int round)
{
	static struct isolated child;

	m->bench = b;
	m->mode = mode;
	m->rate = 0;
	if (!isolate(measure_rate, m, 60, &child) || !isolated_succeeded(&child) || m->rate <= 0) {
		fprintf(stderr, "bench: expected a rate for %s, got none: %s\n", mode_names[mode],
			child.output);
		return false;
	}
	b->rates[mode][round] = m->rate;
	return true;
}

static void print_figures(const struct bench *b, const char *name, const char *unit,
			  const char *aim, const double *figures)
{
	struct json out = json_begin(stdout);

	json_object(&out, NULL);
	json_text(&out, "name", name);
	json_text(&out, "flavour", FLAVOUR);
	json_text(&out, "unit", unit);
	json_text(&out, "aim", aim);
	json_array(&out, "values");
	for (unsigned int i = 0; i < b->order->rounds; i++)
		json_real(&out, NULL, figures[i], 3);
	json_end_line(&out);
}

static void print_ratio(struct bench *b, enum mode fast, enum mode slow, const char *aim)
{
	double ratios[BENCH_ROUNDS];
	char name[64];

	for (unsigned int i = 0; i < b->order->rounds; i++)
		ratios[i] = b->rates[fast][i] / b->rates[slow][i];
	snprintf(name, sizeof(name), "%s : %s", mode_names[fast], mode_names[slow]);
	print_figures(b, name, "times", aim, ratios);
}

static int measure(struct bench *b)
{
	struct measurement *m = isolate_map_shared(sizeof(*m));

	if (!m)
		return usage_error("bench", "no memory");
	for (unsigned int round = 0; round < b->order->rounds; round++)
		for (enum mode mode = 0; mode < MODES; mode++)
			if (!run_measurement(m, b, mode, round))
				return EXIT_FAILED;
	print_ratio(b, FIBERS, THREADS, b->order->aim);
	print_ratio(b, FIBERS_FRESH, THREADS, "");
	for (enum mode mode = 0; mode < MODES; mode++)
		print_figures(b, mode_names[mode], "programs/s", "", b->rates[mode]);
	return EXIT_GOOD;
}

/* Only a program without a fatal call can be executed many times in one process. */
static bool can_run_repeatedly(struct bench *b, const struct program *program)
{
	rules_evaluate(b->rules, program);
	return rules_verdict(b->rules)->fatal_call == VERDICT_NONE;
}

static int load_files(struct bench *b, const struct file_list *files)
{
	char error[PROGRAM_FILE_ERROR];

	b->rules = rules_new();
	b->programs = calloc(files->count, sizeof(*b->programs));
	if (!b->rules || !b->programs)
		return usage_error("bench", "no memory");
	for (size_t i = 0; i < files->count; i++) {
		if (!program_file_load(files->names[i], &b->programs[b->count], error)) {
			fprintf(stderr, "%s\n", error);
			return EXIT_BAD;
		}
		b->count += can_run_repeatedly(b, &b->programs[b->count]);
	}
	return b->count ? EXIT_GOOD : usage_error("bench", "expected a program that can be run");
}

static int load(struct bench *b, int count, char **arguments)
{
	struct file_list files;
	bool good = file_list_init(&files, count, arguments);
	int status = good ? load_files(b, &files) : EXIT_BAD;

	file_list_destroy(&files);
	return status;
}

int bench(const struct bench_order *order, int count, char **files)
{
	static struct bench bench;
	int status;

	bench.order = order;
	status = load(&bench, count, files);
	if (status == EXIT_GOOD)
		status = measure(&bench);
	free(bench.programs);
	rules_delete(bench.rules);
	return status;
}
