/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/random.h"
#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"
#include "tool/util/status.h"
#include "tool/util/usage.h"

/* Inputs run again in batches of 64, then of 8, then of 1 input. */
#define CHECK_ROUNDS 3

void *memory_or_exit(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "pagetorture: expected memory, got none\n");
	exit(EXIT_BAD);
}

void item_list_append(struct item_list *list, uint32_t item)
{
	if (list->count == list->capacity) {
		list->capacity = 2 * list->capacity + 64;
		list->items = memory_or_exit(realloc(list->items, list->capacity * sizeof(*list->items)));
	}
	list->items[list->count++] = item;
}

/* ---- workers ---- */

static void print_progress(const struct run_worker *worker, void *context)
{
	struct engine *engine = context;
	const char *path = run_worker_find_running_path(worker);
	size_t shown_done_count;

	pthread_mutex_lock(&engine->lock);
	/* done_count counts an input again each time that it runs again. */
	shown_done_count =
		engine->done_count < engine->item_count ? engine->done_count : engine->item_count;
	status_print("%s: %zu of %zu, %zu failed: %s", engine->run->flavour, shown_done_count,
		     engine->item_count, engine->failed_count,
		     path ? input_display_name(path) : "");
	pthread_mutex_unlock(&engine->lock);
}

bool engine_start_worker(struct engine *engine, struct run_worker *worker, bool must_symbolize)
{
	struct run_worker_options options = { .binary_path = engine->options->binary_path,
					  .request = REQUEST_BATCH,
					  .execution = engine->options->execution,
					  .memory_limit_mb = engine->options->memory_limit_mb,
					  .must_symbolize = must_symbolize,
					  .report_progress = print_progress,
					  .progress_context = engine };

	pthread_mutex_lock(&engine->lock);
	/* If the library ends the process in the warm-up, the failure must appear at an input instead. */
	options.must_skip_warm_up = engine->false_start_count;
	engine->run->worker_start_count++;
	pthread_mutex_unlock(&engine->lock);
	if (!run_worker_start(worker, &options))
		return false;
	worker->control->must_compute_digest = engine->options->has_two_orders;
	return true;
}

enum result_kind engine_describe_death(struct engine *engine, const struct run_worker *worker,
				       char why[RUN_WHY])
{
	enum result_kind kind;

	/* Files and reports are read into memory that all jobs share. */
	pthread_mutex_lock(&engine->lock);
	kind = run_worker_describe_death(worker, why);
	pthread_mutex_unlock(&engine->lock);
	return kind;
}

/* ---- jobs ---- */

/* Return: false if there is nothing left to run. */
static bool dequeue_batch(struct job *job)
{
	struct engine *engine = job->engine;
	struct item_list *queue = &engine->queue;
	unsigned int jobs = engine->options->has_two_orders ? 1 : engine->options->job_limit;
	size_t most = RUN_BATCH >> 3 * engine->recheck_round;

	pthread_mutex_lock(&engine->lock);
	/* Batches become smaller at the end, so that all jobs have work. */
	if (jobs > 1 && queue->count < most * jobs * 2)
		most = queue->count / jobs / 2 + 1;
	job->batch_count = 0;
	while (queue->count && job->batch_count < most && !engine->is_broken) {
		uint32_t item = queue->items[--queue->count];

		/* An input that failed in one order need not run in the other. */
		if (record_is_failure(&engine->run->records[ITEM_INPUT(item)]))
			engine->done_count++;
		else
			job->batch[job->batch_count++] = item;
	}
	pthread_mutex_unlock(&engine->lock);
	return job->batch_count;
}

static void run_queue(struct job *job)
{
	while (dequeue_batch(job))
		job_run_batch(job);
	/* A batch without inputs runs only the leak check at its end. */
	if (job->worker.control && job->worker.control->can_find_leaks &&
	    job->leak_checked_count < job->run_items.count)
		job_run_batch(job);
}

static void finish_job(struct job *job)
{
	job_end_worker(job);
	free(job->run_items.items);
}

static void *run_job(void *engine)
{
	struct job job = { .engine = engine };

	run_queue(&job);
	finish_job(&job);
	return NULL;
}

/* Starts a thread for each further job; this thread runs a job itself. */
static void run_jobs(struct engine *engine)
{
	pthread_t threads[RUN_JOBS];
	unsigned int started = 0;

	while (started + 1 < engine->options->job_limit && started + 1 < engine->queue.count &&
	       !pthread_create(&threads[started], NULL, run_job, engine))
		started++;
	run_job(engine);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* ---- orders ---- */

static void shuffle_items(uint32_t *items, size_t count, uint64_t state)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_next(&state) % i;
		uint32_t item = items[i - 1];

		items[i - 1] = items[other];
		items[other] = item;
	}
}

/* Fills the queue. The second order is reversed or shuffled; a single order may be shuffled too. */
static void fill_queue(struct engine *engine, bool is_second)
{
	bool is_shuffled = engine->options->is_shuffled &&
			   is_second == engine->options->has_two_orders;
	uint32_t count = (uint32_t)engine->inputs->count;

	for (uint32_t i = 0; i < count; i++)
		item_list_append(&engine->queue, is_second ? i | ITEM_SECOND_ORDER : count - 1 - i);
	if (is_shuffled)
		shuffle_items(engine->queue.items, count, engine->options->shuffle_seed);
	engine->item_count = count * (engine->options->has_two_orders ? 2 : 1);
}

static void compare_footprints(struct flavour_run *run, const struct footprint *before,
			       const struct footprint *after)
{
	for (enum footprint_part i = 0; i < FOOTPRINT_PARTS && !*run->growth; i++)
		if (after->amounts[i] > before->amounts[i] +
					footprint_find_allowance(run->flavour, i, run->input_count))
			snprintf(run->growth, sizeof(run->growth),
				 "%s: expected the second order to leave no more than the first, got "
				 "%zu after %zu",
				 footprint_parts[i].name, after->amounts[i], before->amounts[i]);
}

/* One job runs both orders. Their footprints are comparable if one process ran both. */
static void run_two_orders(struct engine *engine)
{
	struct footprint footprints[2] = { 0 };
	struct job job = { .engine = engine };

	for (unsigned int order = 0; order < 2; order++) {
		fill_queue(engine, order);
		run_queue(&job);
		if (job.worker.control)
			footprints[order] = job.worker.control->footprint;
	}
	if (job.worker.control && job.worker_start_count == 1)
		compare_footprints(engine->run, &footprints[0], &footprints[1]);
	finish_job(&job);
}

/* ---- the whole run ---- */

/*
 * Runs inputs again whose worker ended before a leak check. Some of them may end their worker again, so
 * each round has smaller batches.
 */
static void rerun_unchecked_inputs(struct engine *engine)
{
	while (engine->unchecked.count && engine->recheck_round < CHECK_ROUNDS) {
		engine->recheck_round++;
		while (engine->unchecked.count)
			item_list_append(&engine->queue,
					 engine->unchecked.items[--engine->unchecked.count] | ITEM_AGAIN);
		run_jobs(engine);
	}
}

static void mark_inputs_not_run(struct flavour_run *run)
{
	for (size_t i = 0; i < run->input_count; i++)
		if (!run->records[i].was_run)
			record_set_result(&run->records[i], RUN_flaky, "it was never run", NULL);
}

static void destroy_engine(struct engine *engine)
{
	for (size_t i = 0; i < engine->unattributed_count; i++)
		free(engine->unattributed[i].earlier_inputs);
	free(engine->unattributed);
	free(engine->queue.items);
	free(engine->unchecked.items);
	pthread_mutex_destroy(&engine->lock);
}

bool engine_run(const struct run_options *options, const struct file_list *inputs,
		struct flavour_run *run)
{
	struct engine engine = { .options = options, .inputs = inputs, .run = run,
				 .lock = PTHREAD_MUTEX_INITIALIZER };
	long started = milliseconds_now();

	if (options->has_two_orders) {
		run_two_orders(&engine);
	} else {
		fill_queue(&engine, false);
		run_jobs(&engine);
	}
	rerun_unchecked_inputs(&engine);
	mark_inputs_not_run(run);
	for (size_t i = 0; i < engine.unattributed_count; i++)
		find_interacting_inputs(&engine, &engine.unattributed[i]);
	status_erase();
	run->seconds = (double)(milliseconds_now() - started) / 1000;
	destroy_engine(&engine);
	return !engine.is_broken;
}
