/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/control_block.h"
#include "tool/run/schedule.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/detect/tsan.h"
#include "harness/model/expectations.h"
#include "harness/digest.h"
#include "harness/exec/exec.h"
#include "harness/library.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "tool/util/clock.h"
#include "tool/util/usage.h"

/*
 * The least and the largest number of runs that measure the growth of an input. Caches and mappings may grow
 * in the first runs, so an input leaks only if a part of the footprint grows in the last runs.
 */
#define GROWTH_RUNS_LEAST 5
#define GROWTH_RUNS_MOST  80
#define GROWN_RUNS_IN_ROW 3 /* an input leaks if a part of the footprint grows in this many runs in a row */

void (*run_worker_input_hook)(const char *content, size_t size);

static struct {
	struct control_block *control;
	struct checker *checker;
	struct program program;
	struct footprint
		last_footprint; /* heap, descriptors: after the last input; the rest: after the last batch */
} worker;

/* ---- one input ---- */

static void set_result(struct result_with_reason *result, enum result_kind kind, const char *why)
{
	result->result.kind = (uint8_t)kind;
	snprintf(result->why, sizeof(result->why), "%.*s", RESULT_WHY_SIZE - 1, why);
	for (char *character = result->why; *character; character++)
		if ((unsigned char)*character < ' ')
			*character = ' ';
}

static bool is_failed_result(const struct result_with_reason *result)
{
	return result_kinds[result->result.kind].is_failure;
}

/* @error: "NAME: what" or "NAME:LINE: what"; the result leaves out NAME, which the driver prints. */
static void set_unreadable_result(struct result_with_reason *result, const char *path, const char *error)
{
	const char *rest = error + strlen(path);
	char why[RESULT_WHY_SIZE];

	if (strlen(error) <= strlen(path) + 2) {
		set_result(result, RUN_unreadable, error);
		return;
	}
	snprintf(why, sizeof(why), "%s%.200s", rest[1] == ' ' ? "" : "line ", rest + 1 + (rest[1] == ' '));
	set_result(result, RUN_unreadable, why);
}

static bool load_input(const char *path, struct result_with_reason *result)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read_or_stdin(path, &size, error);
	bool is_program = false;

	if (library_get()->announce_program)
		library_get()->announce_program(path);
	if (content) {
		if (run_worker_input_hook)
			run_worker_input_hook(content, size);
		is_program = program_file_parse(path, content, size, &worker.program, error);
	}
	if (!is_program)
		set_unreadable_result(result, path, error);
	free(content);
	return is_program;
}

static void add_deterministic_part_to_digest(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	uint64_t *digest = ctx;

	/* A runtime with a cell for each byte forgets races at random: only the trace is deterministic. */
	if (part != DIGEST_TRACE && tsan_stores_cell_per_byte())
		return;
	*digest = digest_add(*digest, bytes, len);
}

static bool has_unexecuted_call(const struct execution *execution)
{
	return execution->undetectable_rule != RULE_COUNT || execution->needs_failure_points;
}

static enum result_kind find_result_kind(const struct execution *execution,
					 const struct checker_report *worst_report)
{
	if (worst_report->result != CHECKER_DIFFERS)
		return has_unexecuted_call(execution)               ? RUN_not_run :
		       worst_report->result == CHECKER_MISS_ALLOWED ? RUN_unseen :
								      RUN_good;
	if (execution->has_timed_out)
		return RUN_hang;
	return execution->has_wrong_exit ? RUN_wrong_rule : RUN_differs;
}

/* Sets @result: compares the execution with the model, and the program's expectations with the model. */
static void compare_with_model(struct result_with_reason *result)
{
	const struct execution *execution = &worker.control->execution;
	const struct checker_report *worst_report = execution_get_differing_or_fiber_report(execution);
	char failed_claim[EXPECTATION_TEXT], why[RESULT_WHY_SIZE];

	result->result.has_unexecuted_call = has_unexecuted_call(execution);
	result->result.has_predicted_miss = worst_report->result == CHECKER_MISS_ALLOWED;
	result->result.rules_seen_on_fibers = execution->fibers.seen;
	result->result.rules_seen_on_threads = execution->threads.seen;
	result->result.runs_with_race = execution->runs_with_race;
	if (worst_report->result != CHECKER_DIFFERS &&
	    !expectations_hold(&worker.program, worker.checker->rules, failed_claim)) {
		set_result(result, RUN_claim, failed_claim);
		return;
	}
	snprintf(why, sizeof(why), "%s%.230s", worst_report == &execution->threads ? "on threads: " : "",
		 worst_report->difference_or_miss_text);
	set_result(result, find_result_kind(execution, worst_report), why);
}

/* Evaluates the program with the rule model, executes the program, and compares the results. */
static void evaluate_and_run_program(struct result_with_reason *result, bool is_first_run)
{
	struct control_block *control = worker.control;
	struct execution_options options = control->options;

	/* Later runs of an input only measure growth: one execution in each run is enough. */
	if (!is_first_run)
		options.run_count = 1;
	/*
	 * A child costs more than a program. But a failed input runs again, alone, and then the children make
	 * its fatal calls, so a call that damages the process damages only the child. pagetorture-dev makes
	 * these children misbehave, so it always needs them.
	 */
	options.catches_reports = !control->runs_one_input && !run_worker_input_hook;
	execution_evaluate_and_run(&control->execution, worker.checker, &worker.program, &options);
	if (control->must_compute_digest) {
		result->result.outcome_digest = DIGEST_START;
		digest_visit_parts(worker.checker, &control->execution.fibers,
				   add_deterministic_part_to_digest, &result->result.outcome_digest);
	}
	/* A schedule and a fatal call run in other processes, without growth of this process: later runs omit
	 * them. */
	if (is_first_run && must_run_schedule(&control->execution, &options, &worker.program))
		run_schedule_in_new_worker(&control->execution, &options, &worker.program);
	if (is_first_run)
		execution_run_fatal_calls(&control->execution, worker.checker, &worker.program, &options);
	compare_with_model(result);
}

/* Runs the input at @position. Return: the result of the input, in the control block. */
static struct result_with_reason *run_input(uint32_t position)
{
	struct control_block *control = worker.control;
	uint32_t index = position % control->input_count;
	struct result_with_reason *result = &control->results[index];
	int64_t begin_us = clock_read_us(CLOCK_MONOTONIC);

	atomic_store(&control->position, position);
	execution_reset(&control->execution);
	*result = (struct result_with_reason){ .result = { .kind = RUN_KINDS, .was_returned = true } };
	if (load_input(control->input_paths[index], result))
		evaluate_and_run_program(result, position == index);
	result->result.duration_us = (uint32_t)(clock_read_us(CLOCK_MONOTONIC) - begin_us);
	return result;
}

/* ---- growth ---- */

/* Runs the input again. Return: false if the input failed or has another outcome than in the first run. */
static bool rerun_input_and_compare_outcome(const struct result_with_reason *first, uint32_t position)
{
	struct result_with_reason *result = run_input(position);
	char why[RESULT_WHY_SIZE + 64];

	if (!is_failed_result(result) && result->result.outcome_digest == first->result.outcome_digest)
		return true;
	snprintf(why, sizeof(why), "alone, run %u: %s", position + 1,
		 *result->why ? result->why : "another outcome than the first run");
	set_result(result, RUN_corrupts, why);
	return false;
}

/* Return: whether @part may grow because ThreadSanitizer keeps each report until the process ends. */
static bool may_grow_by_race_reports(enum footprint_part part)
{
	const struct execution *execution = &worker.control->execution;

	return part == FOOTPRINT_MAPPINGS && (execution->fibers.race_count || execution->threads.race_count);
}

/*
 * Counts, for each part of the footprint, in how many runs in a row the part has grown. Does not check
 * resident memory, which depends on the allocator.
 * Return: a part that grew in GROWN_RUNS_IN_ROW runs in a row; FOOTPRINT_RESIDENT: no part.
 */
static enum footprint_part count_and_find_growing_part(unsigned int runs_grown_in_row[FOOTPRINT_RESIDENT],
						       const struct footprint *before,
						       const struct footprint *after)
{
	enum footprint_part growing_part = FOOTPRINT_RESIDENT;

	for (enum footprint_part part = 0; part < FOOTPRINT_RESIDENT; part++) {
		bool is_larger =
			after->amounts[part] > before->amounts[part] && !may_grow_by_race_reports(part);

		runs_grown_in_row[part] = is_larger ? runs_grown_in_row[part] + 1 : 0;
		if (runs_grown_in_row[part] >= GROWN_RUNS_IN_ROW && growing_part == FOOTPRINT_RESIDENT)
			growing_part = part;
	}
	return growing_part;
}

/* Runs the only input of this process again and again, and sets the result of the input if it leaks. */
static void rerun_and_measure_growth(void)
{
	struct result_with_reason *result = &worker.control->results[0], first = *result;
	unsigned int runs_grown_in_row[FOOTPRINT_RESIDENT] = { 0 }, run = 0;
	enum footprint_part part;
	struct footprint before, after;
	char why[RESULT_WHY_SIZE];

	footprint_measure(&after);
	do {
		if (!rerun_input_and_compare_outcome(&first, ++run))
			return;
		before = after;
		footprint_measure(&after);
		part = count_and_find_growing_part(runs_grown_in_row, &before, &after);
	} while (run < GROWTH_RUNS_LEAST || (part < FOOTPRINT_RESIDENT && run < GROWTH_RUNS_MOST));
	*result = first;
	if (part < FOOTPRINT_RESIDENT) {
		snprintf(why, sizeof(why), "%s: %zu more each time it runs", footprint_parts[part].name,
			 after.amounts[part] - before.amounts[part]);
		set_result(result, footprint_parts[part].kind, why);
	} else if (footprint_run_leak_check()) {
		set_result(result, RUN_leak, LEAK_FOUND_TEXT);
	}
}

/*
 * Called after a batch that added mappings: runs each input again, and marks inputs that add mappings. An
 * input that fails when it runs again may have damaged the process, so the inputs after it do not run again.
 */
static void rerun_and_mark_added_mappings(void)
{
	struct control_block *control = worker.control;

	for (uint32_t i = 0; i < control->input_count; i++) {
		size_t before = footprint_count_mappings();
		const struct result_with_reason first = control->results[i];

		if (is_failed_result(run_input(control->input_count + i)))
			return;
		control->results[i] = first;
		control->results[i].result.must_recheck |=
			footprint_count_mappings() > before && !may_grow_by_race_reports(FOOTPRINT_MAPPINGS);
	}
}

/* Return: whether the heap or the descriptors have grown since last_footprint was measured. */
static bool measure_heap_or_descriptor_growth(void)
{
	const struct footprint before = worker.last_footprint;

	footprint_measure_heap_and_descriptors(&worker.last_footprint);
	return worker.last_footprint.amounts[FOOTPRINT_HEAP] > before.amounts[FOOTPRINT_HEAP] ||
	       worker.last_footprint.amounts[FOOTPRINT_DESCRIPTORS] > before.amounts[FOOTPRINT_DESCRIPTORS];
}

/* ---- requests ---- */

/* Runs the inputs of the batch. Return: false, after a failure that may have damaged the process. */
static bool run_inputs_until_damaging_failure(void)
{
	for (uint32_t i = 0; i < worker.control->input_count; i++) {
		struct result_with_reason *result = run_input(i);

		result->result.must_recheck = measure_heap_or_descriptor_growth();
		if (!is_failed_result(result) &&
		    worker.last_footprint.amounts[FOOTPRINT_DESCRIPTORS] == FOOTPRINT_NO_DESCRIPTOR)
			set_result(result, RUN_descriptor, "no descriptor is left after it");
		if (kind_may_damage_process(result->result.kind))
			return false;
	}
	return true;
}

static void run_batch(void)
{
	struct control_block *control = worker.control;
	size_t mappings = worker.last_footprint.amounts[FOOTPRINT_MAPPINGS];

	if (run_inputs_until_damaging_failure()) {
		if (control->runs_one_input && !is_failed_result(&control->results[0]))
			rerun_and_measure_growth();
		else if (!control->runs_one_input && footprint_count_mappings() > mappings)
			rerun_and_mark_added_mappings();
		footprint_measure(&worker.last_footprint);
		control->footprint = worker.last_footprint;
	}
	if (control->must_check_leaks)
		control->has_leaked_memory = footprint_run_leak_check();
}

/*
 * A program of all threads, because the system keeps the stacks of ended threads for later threads. T0 and T1
 * race, because ThreadSanitizer maps memory for its first report.
 */
static const char warm_up_text[] = "pagetorture 1\n"
				   "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
				   "T0: write_raw(p0, 0, 1, 1)\n"
				   "T1: read_raw(p0, 0, 1)\n"
				   "T2: read_raw(p0, 8, 1)\n"
				   "T3: read_raw(p0, 8, 1)\n"
				   "T4: read_raw(p0, 8, 1)\n"
				   "T5: read_raw(p0, 8, 1)\n"
				   "T6: read_raw(p0, 8, 1)\n"
				   "T7: read_raw(p0, 8, 1)\n";

/* Sanitizers map memory for the first allocation of each size: the buffer of a file, the state of a pipe. */
static void read_empty_file_and_create_pipe(void)
{
	char error[PROGRAM_FILE_ERROR];
	int pipe_ends[2];
	size_t size;

	free(program_file_read_or_stdin("/dev/null", &size, error));
	if (pipe2(pipe_ends, O_CLOEXEC))
		return;
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/*
 * Uses all that inputs use: memory that the library, a sanitizer or the system allocates at its first use
 * must not count as a leak of an input. First creates and deletes an executor, which frees tasks; then runs a
 * program.
 */
static void run_warm_up_program(void)
{
	struct execution_options once = worker.control->options;
	struct text_error error;

	read_empty_file_and_create_pipe();
	exec_delete(exec_new());
	if (!program_from_text(&worker.program, warm_up_text, strlen(warm_up_text), &error))
		return;
	if (run_worker_input_hook)
		run_worker_input_hook("", 0);
	once.run_count = 1;
	for (unsigned int i = 0; i < 2; i++) {
		execution_reset(&worker.control->execution);
		execution_evaluate_and_run(&worker.control->execution, worker.checker, &worker.program,
					   &once);
	}
	footprint_measure(&worker.last_footprint);
}

/* Maps the control block. A worker for batches also creates a checker, and runs the warm-up program. */
static bool map_control_and_warm_up(void)
{
	worker.control =
		mmap(NULL, sizeof(*worker.control), PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_CONTROL, 0);
	if (worker.control == MAP_FAILED)
		return false;
	worker.control->can_find_leaks = footprint_has_leak_sanitizer();
	program_all_bytes = worker.control->inputs_are_bytes;
	if (worker.control->request != REQUEST_BATCH)
		return true;
	worker.checker = checker_new();
	if (worker.checker && !worker.control->runs_one_input)
		run_warm_up_program();
	return worker.checker;
}

int run_worker_main(void)
{
	static const struct rlimit no_core;
	char wakeup_byte;

	setrlimit(RLIMIT_CORE, &no_core);
	/* In the other flavours, the sanitizer prints the address of a fault. */
	if (!strcmp(FLAVOUR, "plain"))
		detector_make_faults_print_and_exit();
	if (!map_control_and_warm_up())
		return EXIT_BAD;
	while (read(WORKER_SOCKET, &wakeup_byte, 1) == 1) {
		if (worker.control->request == REQUEST_BATCH)
			run_batch();
		else if (worker.control->request == REQUEST_INTERLEAVINGS)
			worker_explore_interleavings_in_child(worker.control);
		else
			worker_run_program_in_children(worker.control);
		if (write(WORKER_SOCKET, &wakeup_byte, 1) != 1)
			break;
	}
	/* Skips exit handlers, which are not part of the test. */
	_exit(EXIT_GOOD);
}
