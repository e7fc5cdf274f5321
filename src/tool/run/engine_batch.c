/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a failure is attributed to an input:
 *
 *   1. A worker writes the number of an input before it runs the input. If the worker ends, the driver
 *      reads that number.
 *   2. An input that fails, or ends its worker, may have damaged the process: the rest of its
 *      batch runs in a new one.
 *   3. An input that failed runs again, alone in a new process. If it fails there, that failure is its
 *      result.
 *   4. If it does not fail alone, it depends on earlier inputs: find_failing_history().
 *   5. If the heap or the descriptors grew, the input runs again alone, as in 3, where its
 *      growth is measured.
 *   6. LeakSanitizer runs after some batches, and at the end. If it finds a leak, the inputs since the
 *      last check run again at the end, in smaller and smaller batches, and at last alone, as in 3.
 *   7. Inputs whose worker died before the next leak check run again in the same way.
 *   8. If workers end before their first input again and again, that input runs alone, in a worker
 *      without a warm-up, and stays a failure.
 */
#include <stdio.h>

#include "tool/run/engine_parts.h"

/* A leak check costs as much as some hundred inputs: this number of batches has one check. */
#define BATCHES_A_CHECK 8

/* How often a worker that does not begin an input is replaced. */
#define FALSE_STARTS 5

/* The first result of an input that no worker begins. It stays a failure if the input is good alone. */
static const struct worker_result not_begun = {
	.result.kind = RUN_crash,
	.why = "the worker ended before its first input",
};

static uint32_t count_batch(const struct job *job)
{
	return (uint32_t)(job->history.count - job->batch_start);
}

/* ---- results ---- */

static void store_result(struct engine *engine, uint32_t input, const struct worker_result *result,
			 const char *output)
{
	struct run_record *record = &engine->run->records[input];
	bool has_failed = result_kinds[result->result.kind].is_failure;
	/* An input that failed in one order stays a failure if it is good in the other. */
	bool is_new = !record_is_failure(record);

	pthread_mutex_lock(&engine->lock);
	engine->finished_run_count++;
	engine->failed_count += is_new && has_failed;
	pthread_mutex_unlock(&engine->lock);
	record->was_run = true;
	if (!is_new)
		return;
	record->result = result->result;
	record_set_result(record, result->result.kind, result->why, has_failed ? output : NULL);
}

/* Stores the first failure of an input as its result if the input cannot run again. */
static void keep_first_failure(struct engine *engine, uint32_t input,
			       const struct worker_result *first)
{
	static const struct worker_result not_again = {
		.result.kind = RUN_flaky,
		.why = "it was not run again: workers could not be started",
	};

	store_result(engine, input,
		     result_kinds[first->result.kind].is_failure ? first : &not_again, NULL);
	engine->is_broken = true;
}

/*
 * Runs an input alone in a new process, which gives its result.
 * @index: of the input in the history
 * @first: its result in the worker of the job
 */
static void run_input_alone(struct job *job, size_t index, const struct worker_result *first)
{
	struct engine *engine = job->engine;
	uint32_t input = job->history.indices[index];
	struct worker_result alone;
	struct run_worker worker;

	if (!engine_start_worker(engine, &worker, true)) {
		keep_first_failure(engine, input, first);
		return;
	}
	engine_run_input(engine, &worker, &input, &alone);
	store_result(engine, input, &alone, worker.output);
	run_worker_end(&worker);
	if (result_kinds[first->result.kind].is_failure &&
	    !record_is_failure(&engine->run->records[input]))
		find_failing_history(job, index, first);
}

/* Return: whether the outcome differs from the first order; it then depends on the earlier inputs. */
static bool has_other_outcome(const struct engine *engine, uint32_t input,
			      struct worker_result *result)
{
	const struct input_result *before = &engine->run->records[input].result;

	if (!engine->is_second_order || !before->was_returned ||
	    before->outcome_digest == result->result.outcome_digest)
		return false;
	*result = (struct worker_result){ .result.kind = RUN_state,
					  .why = "another outcome in another order" };
	return true;
}

/* Return: false if the input failed and may have damaged the process; @result then describes it. */
static bool accept_result(struct job *job, uint32_t position, struct worker_result *result)
{
	struct engine *engine = job->engine;
	size_t index = job->batch_start + position;
	uint32_t input = job->history.indices[index];

	run_worker_read_result(&job->worker, position, result);
	if (kind_may_damage_process(result->result.kind))
		return false;
	if (has_other_outcome(engine, input, result) || result->result.must_recheck)
		run_input_alone(job, index, result);
	else if (!engine->recheck_round)
		store_result(engine, input, result, NULL);
	return true;
}

/* ---- the end of a batch ---- */

/*
 * The worker ends after the first @ran inputs of the batch, whose mappings are not yet counted. The
 * inputs from @from on return to the queue.
 */
static void abandon_batch(struct job *job, uint32_t ran, uint32_t from)
{
	bool can_find_leaks = job->worker.control && job->worker.control->can_find_leaks;
	size_t first = can_find_leaks ? job->leak_checked_count : job->batch_start;
	const uint32_t *history = job->history.indices;
	struct engine *engine = job->engine;

	pthread_mutex_lock(&engine->lock);
	input_indices_append(&engine->unchecked, history + first, job->batch_start + ran - first);
	for (size_t i = job->history.count; i > job->batch_start + from; i--)
		input_indices_append(&engine->queue, &history[i - 1], 1);
	pthread_mutex_unlock(&engine->lock);
}

/* The input at @position of the batch failed, or did not begin, after the first @ran inputs. */
static void handle_failed_input(struct job *job, uint32_t position, uint32_t ran,
				const struct worker_result *result)
{
	abandon_batch(job, ran, ran > position ? ran : position + 1);
	run_input_alone(job, job->batch_start + position, result);
}

/*
 * The worker ended or replied before it began the input after the first @ran inputs. The inputs that are
 * left run together in another worker, because a failure may depend on inputs that run together.
 */
static void handle_false_start(struct job *job, uint32_t ran)
{
	if (++job->false_start_count > FALSE_STARTS && ran < count_batch(job))
		handle_failed_input(job, ran, ran, &not_begun);
	else
		abandon_batch(job, ran, ran);
}

/* Return: false if memory is lost: this worker would find it again. */
static bool finish_leak_check(struct job *job)
{
	static const struct worker_result lost = { .result.kind = RUN_leak, .why = LEAK_FOUND };
	struct engine *engine = job->engine;
	size_t first = job->leak_checked_count, count = job->history.count - first;

	if (!job->worker.control->must_check_leaks)
		return true;
	job->leak_checked_count = job->history.count;
	if (!job->worker.control->has_leaked_memory || !count)
		return true;
	if (count == 1) {
		run_input_alone(job, first, &lost);
		return false;
	}
	pthread_mutex_lock(&engine->lock);
	engine->has_lost_memory = true;
	engine->input_before_loss = job->history.indices[job->history.count - 1];
	input_indices_append(&engine->unchecked, job->history.indices + first, count);
	pthread_mutex_unlock(&engine->lock);
	return false;
}

/* Handles the results of a batch after the reply of the worker. Return: whether the worker can go on. */
static bool finish_batch(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position), count = count_batch(job);
	uint32_t ran = last == NO_POSITION ? 0 : last < count ? last + 1 : count;
	struct worker_result result;

	for (uint32_t i = 0; i < ran; i++)
		if (!accept_result(job, i, &result)) {
			handle_failed_input(job, i, i, &result);
			return false;
		}
	if (ran == count)
		return finish_leak_check(job);
	handle_false_start(job, ran);
	return false;
}

/* The worker ended in the input at @position, after the first @ran inputs of the batch. */
static void attribute_worker_death(struct job *job, uint32_t position, uint32_t ran)
{
	struct worker_result result;

	for (uint32_t i = 0; i < ran; i++)
		if (i != position && !accept_result(job, i, &result))
			run_input_alone(job, job->batch_start + i, &result);
	engine_describe_death(job->engine, &job->worker, &result);
	handle_failed_input(job, position, ran, &result);
}

static void handle_worker_death(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position), count = count_batch(job);

	if (last != NO_POSITION && count)
		/* While a worker recounts mappings, all inputs have run once, also the later inputs. */
		attribute_worker_death(job, last % count, last < count ? last : count);
	else
		handle_false_start(job, 0);
}

/* ---- a batch ---- */

static bool ensure_worker(struct job *job)
{
	if (job->worker.control)
		return true;
	job->worker_start_count++;
	return engine_start_worker(job->engine, &job->worker, false);
}

void job_run_batch(struct job *job)
{
	uint32_t count = count_batch(job);
	bool can_go_on = false;

	if (!ensure_worker(job)) {
		job->engine->is_broken = true;
		abandon_batch(job, 0, 0);
		return;
	}
	job->worker.control->must_check_leaks =
		!count || job->engine->recheck_round ||
		(job->worker.sent_batch_count + 1) % BATCHES_A_CHECK == 0;
	if (run_worker_send_batch(&job->worker, job->engine->inputs,
				  job->history.indices + job->batch_start, count))
		can_go_on = finish_batch(job);
	else
		handle_worker_death(job);
	if (!can_go_on)
		run_worker_end(&job->worker);
}
