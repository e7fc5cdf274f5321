/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <fcntl.h>
#include <stdatomic.h>
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
#include "harness/program/program_text.h"
#include "tool/util/usage.h"
#include "tool/replay/footprint.h"
#include "tool/replay/misbehave.h"
#include "tool/replay/replay.h"

/*
 * How often an input that is looked at closely runs again. What is made at first use may be
 * made in pieces, as the places of mappings are: only what grows to the last is its own.
 */
#define CLOSE_LEAST 5
#define CLOSE_MOST  80
#define CLOSE_COUNT 3 /* times in a row that it grows, or not */

static struct {
	const struct execution_options *options;
	struct replay_list *list;
	struct replay_control *control;
	struct checker *check;
	struct program program;
	bool again; /* the input ran before, and is looked at for what it leaves behind */
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

static enum replay_kind say(struct replay_result *result, enum replay_kind kind, const char *why)
{
	result->kind = (uint8_t)kind;
	snprintf(result->why, sizeof(result->why), "%.*s", REPLAY_WHY - 1, why);
	for (char *c = result->why; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return kind;
}

static void fold(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	uint64_t *digest = ctx;

	/* A runtime that throws dice which races it forgets (tsan.h). */
	if (part != DIGEST_TRACE && tsan_splits_granules())
		return;
	*digest = digest_add(*digest, bytes, len);
}

/* The name is told where the rest is: "NAME: what", or "NAME:LINE: what". */
static enum replay_kind say_unreadable(struct replay_result *result, const char *name,
				       const char *error)
{
	char why[REPLAY_WHY];
	const char *rest = error + strlen(name);

	if (strlen(error) <= strlen(name) + 2)
		return say(result, REPLAY_unreadable, error);
	snprintf(why, sizeof(why), "%s%.200s", rest[1] == ' ' ? "" : "line ",
		 rest + 1 + (rest[1] == ' '));
	return say(result, REPLAY_unreadable, why);
}

static bool load(const char *name, struct replay_result *result)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(name, &size, error);
	bool good = false;

	if (content) {
		misbehave_next(content, size);
		good = program_file_parse(name, content, size, &worker.program, error);
	}
	if (!good)
		say_unreadable(result, name, error);
	free(content);
	return good;
}

static enum replay_kind kind_of_difference(const struct execution *execution)
{
	if (execution->hung)
		return REPLAY_hang;
	return execution->wrong_exit ? REPLAY_wrong_rule : REPLAY_differs;
}

static enum replay_kind kind_of_good(const struct execution *execution)
{
	if (execution->not_run != RULE_COUNT)
		return REPLAY_not_run;
	return execution_worst_report(execution)->result == CHECKER_MISS_ALLOWED ? REPLAY_unseen : REPLAY_good;
}

static enum replay_kind take(const char *name, struct replay_result *result)
{
	struct execution *execution = &worker.control->execution;
	const struct checker_report *worst;
	char claim[EXPECTATION_TEXT];
	bool claims;

	execution_reset(execution);
	result->why[0] = '\0';
	result->recheck = false;
	result->digest = 0;
	if (!load(name, result))
		return REPLAY_unreadable;
	execution_run(execution, worker.check, &worker.program, worker.options);
	claims = expectations_hold(&worker.program, checker_rules(worker.check), claim);
	if (worker.control->digests) {
		result->digest = DIGEST_START;
		digest_visit(worker.check, &execution->fibers, fold, &result->digest);
	}
	/* What dies elsewhere leaves nothing behind here. */
	if (!worker.again)
		execution_run_fatal_calls(execution, worker.check, &worker.program, worker.options);
	worst = execution_worst_report(execution);
	if (worst->result == CHECKER_DIFFERS)
		return say(result, kind_of_difference(execution), worst->why);
	if (!claims)
		return say(result, REPLAY_claim, claim);
	return say(result, kind_of_good(execution), worst->why);
}

static enum replay_kind take_timed(uint32_t position)
{
	struct replay_result *result = &worker.control->results[position];
	struct timespec start;
	enum replay_kind kind;

	atomic_store(&worker.control->position, position);
	atomic_fetch_add(&worker.control->phase, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	kind = take(replay_name(worker.list, worker.control->inputs[position]), result);
	result->microseconds = microseconds_since(&start);
	return kind;
}

/* ---- what it leaves behind ---- */

/* Did the process grow since it was last asked? Both are cheap enough for each input. */
static bool grew(void)
{
	size_t heap = footprint_heap();
	int descriptor = footprint_descriptor();
	bool larger = heap > worker.heap || descriptor > worker.descriptor;

	worker.heap = heap;
	worker.descriptor = descriptor;
	return larger;
}

/* What may grow, and how an input is called that makes it. */
enum thing { HEAP, DESCRIPTORS, MAPPINGS, THINGS };

static const struct {
	enum replay_kind kind;
	const char *what;
} things[THINGS] = {
	[HEAP] = { REPLAY_leak, "bytes of the heap" },
	[DESCRIPTORS] = { REPLAY_descriptor, "descriptors" },
	[MAPPINGS] = { REPLAY_mapping, "mappings" },
};

struct slow_check {
	unsigned int runs;
	size_t values[THINGS][CLOSE_MOST];
};

static void add_values(struct slow_check *look)
{
	unsigned int run = look->runs++;

	look->values[HEAP][run] = footprint_heap();
	look->values[DESCRIPTORS][run] = (size_t)footprint_descriptor();
	look->values[MAPPINGS][run] = footprint_mappings();
}

/* Each time more, the last times. */
static bool grows(const struct slow_check *look, enum thing thing)
{
	const size_t *values = look->values[thing];

	for (unsigned int i = look->runs - CLOSE_COUNT; i < look->runs; i++)
		if (values[i] <= values[i - 1])
			return false;
	return true;
}

static bool anything_grows(const struct slow_check *look)
{
	for (unsigned int i = 0; i < THINGS; i++)
		if (grows(look, i))
			return true;
	return false;
}

/* Return: false if it did not go as it did first; the result says so. */
static bool run_again(const struct replay_result *first, unsigned int run)
{
	struct replay_result *result = &worker.control->results[0];
	char why[REPLAY_WHY + 64];
	enum replay_kind kind;

	worker.again = true;
	kind = take_timed(0);
	worker.again = false;
	if (!replay_kinds[kind].fails && result->digest == first->digest)
		return true;
	snprintf(why, sizeof(why), "alone, run %u: %s", run,
		 *result->why ? result->why : "another outcome than the first run");
	say(result, REPLAY_corrupts, why);
	return false;
}

static void say_growth(struct replay_result *result, const struct slow_check *look)
{
	char why[REPLAY_WHY];
	unsigned int thing = 0;

	while (!grows(look, thing))
		thing++;
	snprintf(why, sizeof(why), "%s: %zu more each time it runs", things[thing].what,
		 (look->values[thing][look->runs - 1] -
		  look->values[thing][look->runs - 1 - CLOSE_COUNT]) / CLOSE_COUNT);
	say(result, things[thing].kind, why);
}

/* Alone in its process: what comes again each time is the input's. */
static void check_slowly(void)
{
	static struct slow_check look;
	struct replay_result *result = &worker.control->results[0], first = *result;

	do {
		if (!run_again(&first, look.runs + 2))
			return;
		add_values(&look);
	} while (look.runs < CLOSE_LEAST || (look.runs < CLOSE_MOST && anything_grows(&look)));
	*result = first;
	if (anything_grows(&look))
		say_growth(result, &look);
	else if (footprint_lost())
		say(result, REPLAY_leak, "LeakSanitizer finds memory that nothing points to");
}

/* There are more mappings than before these inputs: whose are they? */
static void recheck_mappings(uint32_t count)
{
	struct replay_control *control = worker.control;

	worker.again = true;
	atomic_store(&control->again, true);
	for (uint32_t i = 0; i < count; i++) {
		size_t before = footprint_mappings();
		struct replay_result result = control->results[i];

		take_timed(i);
		control->results[i] = result;
		control->results[i].recheck |= footprint_mappings() > before;
	}
	atomic_store(&control->again, false);
	worker.again = false;
}

static void measure(void)
{
	worker.control->footprint = (struct replay_footprint){ footprint_heap(), footprint_mappings(),
							    footprint_resident(),
							    footprint_descriptor() };
}

/* ---- batches ---- */

static void do_batch(void)
{
	struct replay_control *control = worker.control;
	uint32_t count = control->count;
	size_t mappings;

	for (uint32_t i = 0; i < count; i++) {
		bool failed = replay_kinds[take_timed(i)].fails;

		control->results[i].recheck = grew();
		if (!failed && worker.descriptor == FOOTPRINT_NO_DESCRIPTOR) {
			say(&control->results[i], REPLAY_descriptor, "no descriptor is left after it");
			failed = true;
		}
		/* Nobody knows what a library does that has failed once. */
		if (failed && replay_distrusts(control->results[i].kind))
			return;
	}
	mappings = footprint_mappings();
	if (mappings > worker.mappings && !control->alone) {
		recheck_mappings(count);
		mappings = footprint_mappings();
	}
	worker.mappings = mappings;
}

static void do_what_is_asked(void)
{
	struct replay_control *control = worker.control;

	if (control->measure) {
		measure();
		return;
	}
	do_batch();
	if (control->alone && !replay_kinds[control->results[0].kind].fails)
		check_slowly();
	if (control->lost)
		control->has_lost = footprint_lost();
}

/* What is made at first use is made now, and is nothing that an input leaves behind. */
static void warm_up(void)
{
	static const char text[] = "pagetorture 1\n"
				   "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
				   "T0: write_raw(p0, 0, 1, 1)\n"
				   "T1: read_raw(p0, 0, 1)\n";
	struct text_error error;

	if (!program_from_text(&worker.program, text, strlen(text), &error))
		return;
	misbehave_next("", 0);
	for (unsigned int i = 0; i < 2; i++) {
		execution_reset(&worker.control->execution);
		execution_run(&worker.control->execution, worker.check, &worker.program, worker.options);
	}
	grew();
	worker.mappings = footprint_mappings();
}

static bool open_control(void)
{
	worker.list = replay_list_open(REPLAY_LIST);
	worker.control = mmap(NULL, sizeof(*worker.control), PROT_READ | PROT_WRITE, MAP_SHARED,
			   REPLAY_CONTROL, 0);
	worker.check = checker_new();
	if (worker.control != MAP_FAILED)
		worker.control->looks_for_lost = footprint_looks_for_lost();
	return worker.list && worker.control != MAP_FAILED && worker.check;
}

int replay_worker_run(const struct execution_options *options, bool armed)
{
	static const struct rlimit no_core;
	char word;

	setrlimit(RLIMIT_CORE, &no_core);
	worker.options = options;
	if (armed)
		misbehave_arm();
	/* Sanitizers tell by themselves. */
	if (!strcmp(FLAVOUR, "plain"))
		detector_report_faults();
	if (!open_control())
		return EXIT_BAD;
	warm_up();
	while (read(REPLAY_GO, &word, 1) == 1) {
		do_what_is_asked();
		if (write(REPLAY_DONE, &word, 1) != 1)
			break;
	}
	/* What exits do is not what is tested. */
	_exit(EXIT_GOOD);
}
