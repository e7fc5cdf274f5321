/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The executors take turns, round by round: what matters is their ratio, and the
 * machine's mood changes both alike. Each turn is a process of its own, or the threads
 * that one executor leaves in the detector's memory would slow the other down.
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

enum way { MODEL, FIBERS, FIBERS_FRESH, THREADS, WAYS };

static const char *const way_names[WAYS] = { "model alone", "fibers", "fibers, fresh state",
					     "real threads" };

struct bench {
	struct checker *check; /* of the turn's own process */
	struct rules *rules;
	struct program *programs;
	size_t count;
	double rates[WAYS][BENCH_ROUNDS]; /* programs a second */
	const struct bench_order *order;
};

/* One turn: how, and what came out, in memory that is shared with its process. */
struct turn {
	struct bench *bench;
	enum way way;
	double rate;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void run_program(struct bench *b, const struct program *program, enum way way)
{
	struct checker_report report;

	if (way == MODEL) {
		rules_evaluate(b->rules, program);
		return;
	}
	if (way == FIBERS_FRESH)
		tsan_flush();
	if (way == THREADS)
		checker_run_threads(b->check, program, &report);
	else
		checker_run_fibers(b->check, program, &report);
	/* As fuzz_race does: a report walks through all that happened since. */
	if (report.races)
		tsan_flush();
}

/* Executions are held against the model's judgement: it is part of their cost. */
static double rate(struct bench *b, enum way way)
{
	double start = now(), seconds;
	size_t done = 0;

	do {
		for (size_t i = 0; i < b->count; i++) {
			if (way != MODEL)
				checker_evaluate(b->check, &b->programs[i]);
			run_program(b, &b->programs[i], way);
		}
		done += b->count;
		seconds = now() - start;
	} while (seconds < ROUND_SECONDS);
	return (double)done / seconds;
}

static void take_turn(void *ctx)
{
	struct turn *turn = ctx;

	turn->bench->check = checker_new();
	if (!turn->bench->check)
		return;
	exec_set_first_race_only(checker_exec(turn->bench->check), true);
	turn->rate = rate(turn->bench, turn->way);
	checker_delete(turn->bench->check);
}

static bool run_turn(struct turn *turn, struct bench *b, enum way way, unsigned int round)
{
	static struct isolated child;

	turn->bench = b;
	turn->way = way;
	turn->rate = 0;
	if (!isolate(take_turn, turn, 60, &child) || !isolated_succeeded(&child) || turn->rate <= 0) {
		fprintf(stderr, "bench: expected a rate for %s, got none: %s\n", way_names[way],
			child.output);
		return false;
	}
	b->rates[way][round] = turn->rate;
	return true;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void json_figures(const struct bench *b, const char *name, const char *unit, const char *aim,
			 const double *figures)
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

static void print_figures(const struct bench *b, const char *name, const char *unit, const char *aim,
			  double *figures)
{
	if (b->order->json) {
		json_figures(b, name, unit, aim, figures);
		return;
	}
	qsort(figures, b->order->rounds, sizeof(*figures), compare);
	printf("%-32s %12.1f %12.1f %12.1f  %s\n", name, figures[b->order->rounds / 2], figures[0],
	       figures[b->order->rounds - 1], unit);
}

static void print_ratio(struct bench *b, enum way fast, enum way slow, const char *aim)
{
	double ratios[BENCH_ROUNDS];
	char name[64];

	for (unsigned int i = 0; i < b->order->rounds; i++)
		ratios[i] = b->rates[fast][i] / b->rates[slow][i];
	snprintf(name, sizeof(name), "%s : %s", way_names[fast], way_names[slow]);
	print_figures(b, name, "times", aim, ratios);
}

static int measure(struct bench *b)
{
	struct turn *turn = isolate_map_shared(sizeof(*turn));

	if (!turn)
		return usage_error("bench", "no memory");
	for (unsigned int round = 0; round < b->order->rounds; round++)
		for (enum way way = 0; way < WAYS; way++)
			if (!run_turn(turn, b, way, round))
				return EXIT_FAILED;
	if (!b->order->json)
		printf("%s, %zu programs, %u rounds\n%-32s %12s %12s %12s\n", FLAVOUR, b->count,
		       b->order->rounds, "", "median", "min", "max");
	/* Ratios first: printing sorts the rates. */
	print_ratio(b, FIBERS, THREADS, b->order->aim);
	print_ratio(b, FIBERS_FRESH, THREADS, "");
	for (enum way way = 0; way < WAYS; way++)
		print_figures(b, way_names[way], "programs/s", "", b->rates[way]);
	return EXIT_GOOD;
}

/* Only programs that run to their end can be run again and again in one process. */
static bool takes_part(struct bench *b, const struct program *program)
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
		b->count += takes_part(b, &b->programs[b->count]);
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
