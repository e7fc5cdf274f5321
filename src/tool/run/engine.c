/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/random.h"
#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"
#include "tool/util/clock.h"
#include "tool/util/status.h"
#include "tool/util/usage.h"

/* Unchecked inputs run again in three rounds: in batches of 64, then of 8, then of 1 input. */
#define RECHECK_ROUNDS 3

/* A worker is replaced after this number of batches, because ThreadSanitizer keeps memory for each race. */
#define WORKER_BATCHES_MAX 40

void *exit_if_no_memory(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "pagetorture: expected memory, got none\n");
	exit(EXIT_BAD);
}

void input_indices_append(struct input_indices *list, const uint32_t *inputs, size_t count)
{
	if (list->count + count > list->capacity) {
		list->capacity = 2 * list->capacity + count + 64;
		list->indices =
			exit_if_no_memory(realloc(list->indices, list->capacity * sizeof(*list->indices)));
	}
	if (count)
		memcpy(list->indices + list->count, inputs, count * sizeof(*inputs));
	list->count += count;
}

/* ---- workers ---- */

static void print_engine_progress(const struct run_worker *worker, void *context)
{
	struct engine *engine = context;
	const char *path = run_worker_find_running_path(worker);
	size_t capped_run_count;

	pthread_mutex_lock(&engine->lock);
	/* finished_run_count counts each run of an input, so it may exceed planned_run_count. */
	capped_run_count = engine->finished_run_count;
	if (capped_run_count > engine->planned_run_count)
		capped_run_count = engine->planned_run_count;
	status_print_at_interval("%s: %zu of %zu, %zu failed: %s", engine->run->flavour, capped_run_count,
				 engine->planned_run_count, engine->failed_count,
				 path ? input_display_name(path) : "");
	pthread_mutex_unlock(&engine->lock);
}

bool engine_start_worker(struct engine *engine, struct run_worker *worker, bool runs_one_input)
{
	const struct run_worker_options options = { .binary_path = engine->options->binary_path,
						    .request = REQUEST_BATCH,
						    .execution = engine->options->execution,
						    .memory_limit_mb = engine->options->memory_limit_mb,
						    .runs_one_input = runs_one_input,
						    .report_progress = print_engine_progress,
						    .progress_context = engine };

	pthread_mutex_lock(&engine->lock);
	engine->run->worker_start_count++;
	pthread_mutex_unlock(&engine->lock);
	if (!run_worker_start(worker, &options))
		return false;
	worker->control->must_compute_digest = engine->options->has_two_orders;
	return true;
}

void engine_describe_death(struct engine *engine, const struct run_worker *worker,
			   struct result_with_reason *result)
{
	*result = (struct result_with_reason){ .result.was_returned = false };
	/* run_worker_describe_death() uses static buffers, which all jobs share. */
	pthread_mutex_lock(&engine->lock);
	result->result.kind = (uint8_t)run_worker_describe_death(worker, result->why);
	pthread_mutex_unlock(&engine->lock);
}

void engine_run_batch(struct engine *engine, struct run_worker *worker, const uint32_t *inputs,
		      uint32_t count, struct result_with_reason *last_result)
{
	if (run_worker_send_batch_and_wait(worker, engine->inputs, inputs, count))
		run_worker_read_result(worker, count - 1, last_result);
	else
		engine_describe_death(engine, worker, last_result);
}

/* ---- jobs ---- */

/*
 * An input may damage its process without failing, and then a later input fails. So after the last input of a
 * worker, the worker runs a good input again, once.
 */
static void run_good_input_after_last_input(struct job *job)
{
	struct control_block *control = job->worker.control;

	if (!control || !job->has_good_input ||
	    job->history.indices[job->history.count - 1] == job->good_input)
		return;
	job->batch_start = job->history.count;
	input_indices_append(&job->history, &job->good_input, 1);
	control->options.run_count = 1;
	job_run_and_handle_batch(job);
}

/*
 * Ends the worker if it has run WORKER_BATCHES_MAX batches, except with two orders. Then begins a batch at
 * the end of the history, which is empty if there is no worker.
 */
static void end_worker_at_batch_limit_and_begin_batch(struct job *job)
{
	if (job->worker.sent_batch_count == WORKER_BATCHES_MAX && !job->engine->options->has_two_orders) {
		run_good_input_after_last_input(job);
		run_worker_kill_and_release(&job->worker);
	}
	if (!job->worker.control) {
		job->history.count = job->leak_checked_count = 0;
		job->has_last_corrupting_input = false;
	}
	job->batch_start = job->history.count;
}

/* Moves inputs from the queue into the batch of the job. Return: false if the queue has no input. */
static bool dequeue_batch(struct job *job)
{
	struct engine *engine = job->engine;
	struct input_indices *queue = &engine->queue;
	unsigned int jobs = engine->options->has_two_orders ? 1 : engine->options->job_limit;
	size_t most = BATCH_INPUTS_MAX >> 3 * engine->recheck_round;

	end_worker_at_batch_limit_and_begin_batch(job);
	pthread_mutex_lock(&engine->lock);
	/* A short queue gives smaller batches, so that all jobs have inputs to run. */
	if (jobs > 1 && queue->count < most * jobs * 2)
		most = queue->count / jobs / 2 + 1;
	while (queue->count && job->history.count - job->batch_start < most && !engine->is_broken) {
		const uint32_t *input = &queue->indices[--queue->count];

		/* An input that failed in the first order does not run in the second. */
		if (record_is_failure(&engine->run->records[*input]))
			engine->finished_run_count++;
		else
			input_indices_append(&job->history, input, 1);
	}
	pthread_mutex_unlock(&engine->lock);
	return job->history.count > job->batch_start;
}

static void run_queue_and_check_leaks(struct job *job)
{
	while (dequeue_batch(job))
		job_run_and_handle_batch(job);
	/* For a batch without inputs, the worker only runs LeakSanitizer. */
	if (job->worker.control && job->worker.control->can_find_leaks &&
	    job->leak_checked_count < job->history.count)
		job_run_and_handle_batch(job);
}

static void job_destroy(struct job *job)
{
	run_worker_kill_and_release(&job->worker);
	free(job->history.indices);
}

static void *run_job(void *engine)
{
	struct job job = { .engine = engine };

	run_queue_and_check_leaks(&job);
	run_good_input_after_last_input(&job);
	job_destroy(&job);
	return NULL;
}

/* Runs all jobs, each in a thread: one job in this thread, the other jobs in new threads. */
static void run_queue_in_job_threads(struct engine *engine)
{
	pthread_t threads[JOBS_MAX];
	unsigned int started = 0;

	while (started + 1 < engine->options->job_limit && started + 1 < engine->queue.count &&
	       !pthread_create(&threads[started], NULL, run_job, engine))
		started++;
	run_job(engine);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* ---- orders ---- */

static void shuffle_inputs(uint32_t *inputs, size_t count, uint64_t random_state)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_next(&random_state) % i;
		uint32_t input = inputs[i - 1];

		inputs[i - 1] = inputs[other];
		inputs[other] = input;
	}
}

/* Fills the queue with all inputs. --shuffle applies to the second order, or to the only order. */
static void fill_queue(struct engine *engine, bool is_second_order)
{
	uint32_t count = (uint32_t)engine->inputs->count;

	engine->is_second_order = is_second_order;
	for (uint32_t i = 0; i < count; i++)
		input_indices_append(&engine->queue, &(uint32_t){ is_second_order ? i : count - 1 - i }, 1);
	if (engine->options->is_shuffled && is_second_order == engine->options->has_two_orders)
		shuffle_inputs(engine->queue.indices, count, engine->options->shuffle_seed);
	engine->planned_run_count = count * (engine->options->has_two_orders ? 2 : 1);
}

static void describe_growth_of_second_order(struct flavour_run *run, const struct footprint *before,
					    const struct footprint *after)
{
	for (enum footprint_part i = 0; i < FOOTPRINT_PARTS && !*run->growth; i++)
		if (after->amounts[i] >
		    before->amounts[i] + footprint_get_allowed_growth(run->flavour, i, run->record_count))
			snprintf(run->growth, sizeof(run->growth),
				 "%s: expected the second order to leave no more than the first, got "
				 "%zu after %zu",
				 footprint_parts[i].name, after->amounts[i], before->amounts[i]);
}

/* Runs both orders in one job. Compares the footprints after the orders only if one worker ran both. */
static void run_two_orders(struct engine *engine)
{
	struct footprint footprints[2] = { 0 };
	struct job job = { .engine = engine };

	for (unsigned int order = 0; order < 2; order++) {
		fill_queue(engine, order);
		run_queue_and_check_leaks(&job);
		if (job.worker.control)
			footprints[order] = job.worker.control->footprint;
	}
	if (job.worker.control && job.worker_start_count == 1)
		describe_growth_of_second_order(engine->run, &footprints[0], &footprints[1]);
	job_destroy(&job);
}

/* ---- the whole run ---- */

/*
 * Runs the unchecked inputs again: inputs whose worker ended before a leak check, or after which
 * LeakSanitizer found lost memory. The batches become smaller from round to round; in the last round, each
 * input runs alone.
 */
static void rerun_unchecked_inputs(struct engine *engine)
{
	engine->is_second_order = false;
	while (engine->unchecked.count && engine->recheck_round < RECHECK_ROUNDS) {
		struct input_indices finished = engine->queue;

		engine->recheck_round++;
		engine->queue = engine->unchecked;
		engine->unchecked = finished;
		engine->unchecked.count = 0;
		run_queue_in_job_threads(engine);
	}
}

/* If LeakSanitizer found lost memory but no input has the result `leak`, the last input before that fails. */
static void record_unattributed_leak_as_flaky(const struct engine *engine)
{
	struct run_record *record = &engine->run->records[engine->input_before_loss];

	if (engine->has_found_lost_memory && !count_inputs_of_kind(engine->run, RUN_leak) &&
	    !record_is_failure(record))
		record_set_result(record, RUN_flaky, LEAK_FOUND_TEXT " after this input; not again alone",
				  NULL);
}

static void mark_unrun_inputs_failed(struct flavour_run *run)
{
	for (size_t i = 0; i < run->record_count; i++)
		if (!run->records[i].was_run)
			record_set_result(&run->records[i], RUN_flaky, "it was never run", NULL);
}

bool engine_run(const struct run_options *options, const struct file_list *inputs, struct flavour_run *run)
{
	struct engine engine = {
		.options = options, .inputs = inputs, .run = run, .lock = PTHREAD_MUTEX_INITIALIZER
	};
	int64_t begin_ms = clock_read_ms();

	if (options->has_two_orders) {
		run_two_orders(&engine);
	} else {
		fill_queue(&engine, false);
		run_queue_in_job_threads(&engine);
	}
	rerun_unchecked_inputs(&engine);
	mark_unrun_inputs_failed(run);
	record_unattributed_leak_as_flaky(&engine);
	status_erase();
	run->seconds = (double)(clock_read_ms() - begin_ms) / 1000;
	free(engine.queue.indices);
	free(engine.unchecked.indices);
	pthread_mutex_destroy(&engine.lock);
	return !engine.is_broken;
}
