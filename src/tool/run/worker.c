/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/detect/tsan.h"
#include "harness/model/expectations.h"
#include "harness/digest.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "tool/run/control_block.h"
#include "tool/run/footprint.h"
#include "tool/run/input_list.h"
#include "tool/run/worker_program.h"
#include "tool/util/usage.h"

/*
 * How often an input runs again whose growth is measured. What is made at first use may be
 * made in pieces, as addresses for mappings are: only what grows to the last run is the input's.
 */
#define GROWTH_LEAST 5
#define GROWTH_MOST  80
#define GROWTH_COUNT 3 /* times in a row that it grows, or not */

void (*run_worker_input_hook)(const char *content, size_t size);

static struct {
	struct input_list *list;
	struct control_block *control;
	struct checker *check;
	struct program program;
	bool again; /* the input ran before, and runs again to measure its leaks */
	size_t heap, mappings;
	int descriptor;
} worker;

static uint32_t microseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((now.tv_sec - start->tv_sec) * 1000000 +
			  (now.tv_nsec - start->tv_nsec) / 1000);
}

/* ---- one input ---- */

static enum result_kind set_result(struct worker_result *result, enum result_kind kind,
				   const char *why)
{
	result->kind = (uint8_t)kind;
	snprintf(result->why, sizeof(result->why), "%.*s", RUN_WHY - 1, why);
	for (char *c = result->why; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return kind;
}

static void fold_digest(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	uint64_t *digest = ctx;

	/* Which races this runtime forgets is chance (tsan.h). */
	if (part != DIGEST_TRACE && tsan_splits_granules())
		return;
	*digest = digest_add(*digest, bytes, len);
}

/* @error: "NAME: what", or "NAME:LINE: what"; whoever prints the result names the input. */
static enum result_kind set_unreadable(struct worker_result *result, const char *name,
				    const char *error)
{
	char why[RUN_WHY];
	const char *rest = error + strlen(name);

	if (strlen(error) <= strlen(name) + 2)
		return set_result(result, RUN_unreadable, error);
	snprintf(why, sizeof(why), "%s%.200s", rest[1] == ' ' ? "" : "line ",
		 rest + 1 + (rest[1] == ' '));
	return set_result(result, RUN_unreadable, why);
}

static bool load_input(const char *name, struct worker_result *result)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(name, &size, error);
	bool good = false;

	if (content) {
		if (run_worker_input_hook)
			run_worker_input_hook(content, size);
		good = program_file_parse(name, content, size, &worker.program, error);
	}
	if (!good)
		set_unreadable(result, name, error);
	free(content);
	return good;
}

static enum result_kind kind_of_difference(const struct execution *execution)
{
	if (execution->hung)
		return RUN_hang;
	return execution->wrong_exit ? RUN_wrong_rule : RUN_differs;
}

static enum result_kind kind_of_agreement(const struct worker_result *result)
{
	return result->not_run ? RUN_not_run : result->unseen ? RUN_unseen : RUN_good;
}

/* Copies what was seen from the execution. */
static void set_seen(struct worker_result *result, const struct execution *execution)
{
	result->not_run = execution->not_run != RULE_COUNT;
	result->unseen = execution_worst_report(execution)->result == CHECKER_MISS_ALLOWED;
	result->fibers = execution->fibers.seen;
	result->threads = execution->threads.seen;
	result->reported = execution->reported;
}

/* What the execution, the model and the claims say of the program that has run. */
static enum result_kind compare(struct worker_result *result)
{
	const struct execution *execution = &worker.control->execution;
	const struct checker_report *worst = execution_worst_report(execution);
	char claim[EXPECTATION_TEXT], why[RUN_WHY];

	snprintf(why, sizeof(why), "%s%.230s", worst == &execution->threads ? "on threads: " : "",
		 worst->why);
	set_seen(result, execution);
	if (worst->result == CHECKER_DIFFERS)
		return set_result(result, kind_of_difference(execution), why);
	if (!expectations_hold(&worker.program, checker_rules(worker.check), claim))
		return set_result(result, RUN_claim, claim);
	return set_result(result, kind_of_agreement(result), why);
}

static void set_digest(struct worker_result *result)
{
	result->digest = DIGEST_START;
	digest_visit(worker.check, &worker.control->execution.fibers, fold_digest, &result->digest);
}

/* Evaluates one input with the rule model, executes it, and compares the two. */
static enum result_kind run_input(const char *path, struct worker_result *result)
{
	struct control_block *control = worker.control;
	struct execution_options options = control->options;

	/* One execution shows what an input leaks. */
	if (worker.again)
		options.repeat = 1;
	execution_reset(&control->execution);
	*result = (struct worker_result){ .kind = RUN_KINDS };
	if (!load_input(path, result))
		return RUN_unreadable;
	execution_run(&control->execution, worker.check, &worker.program, &options);
	if (control->digests)
		set_digest(result);
	/* Growth is measured in this process, which a call that ends another one leaves alone. */
	if (!worker.again)
		execution_run_fatal_calls(&control->execution, worker.check, &worker.program, &options);
	return compare(result);
}

static enum result_kind run_timed(uint32_t position)
{
	struct worker_result *result = &worker.control->results[position];
	struct timespec start;
	enum result_kind kind;

	atomic_store(&worker.control->position, position);
	atomic_fetch_add(&worker.control->phase, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	kind = run_input(input_path(worker.list, worker.control->inputs[position]), result);
	result->microseconds = microseconds_since(&start);
	return kind;
}

/* ---- leaks ---- */

/* Return: is the process larger than at the last call? Cheap enough for each input. */
static bool check_growth(void)
{
	size_t heap = footprint_heap();
	int descriptor = footprint_descriptor();
	bool larger = heap > worker.heap || descriptor > worker.descriptor;

	worker.heap = heap;
	worker.descriptor = descriptor;
	return larger;
}

/* What may grow, and the kind of an input that makes it. */
enum thing { HEAP, DESCRIPTORS, MAPPINGS, THINGS };

static const struct {
	enum result_kind kind;
	const char *what;
} things[THINGS] = {
	[HEAP] = { RUN_leak, "bytes of the heap" },
	[DESCRIPTORS] = { RUN_descriptor, "descriptors" },
	[MAPPINGS] = { RUN_mapping, "mappings" },
};

struct footprint_history {
	unsigned int runs;
	size_t values[THINGS][GROWTH_MOST];
};

static void add_values(struct footprint_history *history)
{
	unsigned int run = history->runs++;

	history->values[HEAP][run] = footprint_heap();
	history->values[DESCRIPTORS][run] = (size_t)footprint_descriptor();
	history->values[MAPPINGS][run] = footprint_mappings();
}

/* Return: was there more after each of the last runs? */
static bool grows(const struct footprint_history *history, enum thing thing)
{
	const size_t *values = history->values[thing];

	for (unsigned int i = history->runs - GROWTH_COUNT; i < history->runs; i++)
		if (values[i] <= values[i - 1])
			return false;
	return true;
}

static bool anything_grows(const struct footprint_history *history)
{
	for (unsigned int i = 0; i < THINGS; i++)
		if (grows(history, i))
			return true;
	return false;
}

/* Return: false if the outcome is not that of the first run; the result says so. */
static bool run_again(const struct worker_result *first, unsigned int run)
{
	struct worker_result *result = &worker.control->results[0];
	char why[RUN_WHY + 64];
	enum result_kind kind;

	worker.again = true;
	kind = run_timed(0);
	worker.again = false;
	if (!result_kinds[kind].fails && result->digest == first->digest)
		return true;
	snprintf(why, sizeof(why), "alone, run %u: %s", run,
		 *result->why ? result->why : "another outcome than the first run");
	set_result(result, RUN_corrupts, why);
	return false;
}

static void set_growth(struct worker_result *result, const struct footprint_history *history)
{
	char why[RUN_WHY];
	unsigned int thing = 0;

	while (!grows(history, thing))
		thing++;
	snprintf(why, sizeof(why), "%s: %zu more each time it runs", things[thing].what,
		 (history->values[thing][history->runs - 1] -
		  history->values[thing][history->runs - 1 - GROWTH_COUNT]) / GROWTH_COUNT);
	set_result(result, things[thing].kind, why);
}

/* The input is alone in its process: what grows each time is the input's. */
static void measure_growth(void)
{
	static struct footprint_history history;
	struct worker_result *result = &worker.control->results[0], first = *result;

	do {
		if (!run_again(&first, history.runs + 2))
			return;
		add_values(&history);
	} while (history.runs < GROWTH_LEAST ||
		 (history.runs < GROWTH_MOST && anything_grows(&history)));
	*result = first;
	if (anything_grows(&history))
		set_growth(result, &history);
	else if (footprint_lost())
		set_result(result, RUN_leak, "LeakSanitizer finds memory that nothing points to");
}

/* There are more mappings than before these inputs: marks those that make some. */
static void recheck_mappings(uint32_t count)
{
	struct control_block *control = worker.control;

	worker.again = true;
	atomic_store(&control->again, true);
	for (uint32_t i = 0; i < count; i++) {
		size_t before = footprint_mappings();
		struct worker_result result = control->results[i];

		run_timed(i);
		control->results[i] = result;
		control->results[i].recheck |= footprint_mappings() > before;
	}
	atomic_store(&control->again, false);
	worker.again = false;
}

static void measure(void)
{
	worker.control->footprint = (struct footprint){ footprint_heap(), footprint_mappings(),
							    footprint_resident(),
							    footprint_descriptor() };
}

/* ---- batches ---- */

static void run_batch(void)
{
	struct control_block *control = worker.control;
	uint32_t count = control->count;
	size_t mappings;

	for (uint32_t i = 0; i < count; i++) {
		bool failed = result_kinds[run_timed(i)].fails;

		control->results[i].recheck = check_growth();
		if (!failed && worker.descriptor == FOOTPRINT_NO_DESCRIPTOR) {
			set_result(&control->results[i], RUN_descriptor, "no descriptor is left after it");
			failed = true;
		}
		if (failed && kind_spoils_process(control->results[i].kind))
			return;
	}
	mappings = footprint_mappings();
	if (mappings > worker.mappings && !control->alone) {
		recheck_mappings(count);
		mappings = footprint_mappings();
	}
	worker.mappings = mappings;
}

static void run_request_batch(void)
{
	struct control_block *control = worker.control;

	run_batch();
	if (control->alone && !result_kinds[control->results[0].kind].fails)
		measure_growth();
	if (control->lost)
		control->has_lost = footprint_lost();
}

static void serve_request(void)
{
	switch (worker.control->request) {
	case REQUEST_BATCH:
		run_request_batch();
		break;
	case REQUEST_MEASURE:
		measure();
		break;
	case REQUEST_PROGRAM:
	case REQUEST_REPORTS:
		worker_run_program(worker.control);
	}
}

static void run_warm_up(struct checker *check)
{
	struct execution_options once = worker.control->options;

	once.repeat = 1;
	execution_reset(&worker.control->execution);
	execution_run(&worker.control->execution, check, &worker.program, &once);
}

/*
 * What is made at first use is made now, so it is no leak of an input. The first checker is
 * deleted again: that is where the library deletes tasks.
 */
static void warm_up(void)
{
	static const char text[] = "pagetorture 1\n"
				   "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
				   "T0: write_raw(p0, 0, 1, 1)\n"
				   "T1: read_raw(p0, 0, 1)\n";
	struct checker *first = checker_new();
	struct text_error error;

	if (!first || !program_from_text(&worker.program, text, strlen(text), &error))
		return;
	if (run_worker_input_hook)
		run_worker_input_hook("", 0);
	run_warm_up(first);
	checker_delete(first);
	for (unsigned int i = 0; i < 2; i++)
		run_warm_up(worker.check);
	check_growth();
	worker.mappings = footprint_mappings();
}

/* A worker that runs programs one by one has no list, and needs no check of its own. */
static bool open_list(void)
{
	worker.list = input_list_open(WORKER_LIST);
	worker.check = checker_new();
	return worker.list && worker.check;
}

static bool open_control(void)
{
	worker.control = mmap(NULL, sizeof(*worker.control), PROT_READ | PROT_WRITE, MAP_SHARED,
			      WORKER_CONTROL, 0);
	if (worker.control == MAP_FAILED)
		return false;
	worker.control->looks_for_lost = footprint_looks_for_lost();
	return worker.control->request != REQUEST_BATCH || open_list();
}

int run_worker_main(void)
{
	static const struct rlimit no_core;
	char word;

	setrlimit(RLIMIT_CORE, &no_core);
	/* Sanitizers print the address of a fault by themselves. */
	if (!strcmp(FLAVOUR, "plain"))
		detector_report_faults();
	if (!open_control())
		return EXIT_BAD;
	program_all_bytes = worker.control->all_bytes;
	if (worker.control->request == REQUEST_BATCH && !worker.control->cold)
		warm_up();
	while (read(WORKER_GO, &word, 1) == 1) {
		serve_request();
		if (write(WORKER_DONE, &word, 1) != 1)
			break;
	}
	/* Exit handlers are not under test. */
	_exit(EXIT_GOOD);
}
