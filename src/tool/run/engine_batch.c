/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How the driver attributes a failure to an input:
 *
 * 1. A worker writes the position of an input in the batch before it runs the input. If the worker ends, the
 *    driver reads this position.
 * 2. An input that fails, or ends its worker, may have damaged the process. The rest of the batch runs in a
 *    new process.
 * 3. An input that failed runs again, alone in a new process. If the input fails alone, that failure is its
 *    result.
 * 4. If an input failed but does not fail alone, the failure depends on earlier inputs (history.c).
 * 5. If an input fails both in a batch and alone, the input before it may also have damaged the process, so
 *    that earlier input runs again in another batch.
 * 6. If the heap, the descriptors or the mappings grew while an input ran, the input runs several times in a
 *    new worker, which measures the growth.
 * 7. LeakSanitizer runs after some batches, and at the end. If LeakSanitizer finds a leak, the inputs since
 *    its last check run again later, in smaller and smaller batches, and at last alone.
 * 8. If a worker ends before the leaks and mappings of inputs were checked, these inputs also run again in
 *    smaller and smaller batches.
 * 9. If a worker ends between two inputs, the last input that it ran runs again, alone. If several workers
 *    end before their first input, that input runs alone, in a worker without a warm-up.
 *    The result of the input is a failure even if the input then succeeds.
 * 10. After its last input, a worker runs a good input again, because the last input may have damaged the
 *    process.
 */
#include "tool/run/engine_parts.h"

/* LeakSanitizer runs after this number of batches, because a check takes as long as some hundred inputs. */
#define BATCHES_PER_LEAK_CHECK 8

/* After this number of workers that ended before they began an input, a job runs that input alone. */
#define FALSE_STARTS_MAX 5

/* The result of an input that no worker begins, until the input runs alone. */
static const struct result_with_reason not_begun = {
	.result.kind = RUN_crash,
	.why = "the worker ended before its first input",
};

static const struct result_with_reason early_reply = {
	.result.kind = RUN_crash,
	.why = "the worker replied after it, before the other inputs",
};

static uint32_t count_batch_inputs(const struct job *job)
{
	return (uint32_t)(job->history.count - job->batch_start);
}

/* ---- results ---- */

static void store_result_unless_already_failed(struct engine *engine, uint32_t input,
					       const struct result_with_reason *result, const char *output)
{
	struct run_record *record = &engine->run->records[input];
	bool has_failed = result_kinds[result->result.kind].is_failure;

	pthread_mutex_lock(&engine->lock);
	engine->finished_run_count++;
	/* A later run changes the result of an input only from good to failed. */
	if ((has_failed || !record->was_run) && !record_is_failure(record)) {
		engine->failed_count += has_failed;
		record->result = result->result;
		record_set_result(record, result->result.kind, result->why, has_failed ? output : NULL);
	}
	record->was_run = true;
	pthread_mutex_unlock(&engine->lock);
}

/* Called if no worker can run @input again: stores the first result of @input, and stops the engine. */
static void store_first_result_and_stop_engine(struct engine *engine, uint32_t input,
					       const struct result_with_reason *first_result)
{
	static const struct result_with_reason not_again = {
		.result.kind = RUN_flaky,
		.why = "it was not run again: workers could not be started",
	};

	store_result_unless_already_failed(
		engine, input, result_kinds[first_result->result.kind].is_failure ? first_result : &not_again,
		NULL);
	engine->is_broken = true;
}

/*
 * Runs an input alone in a new process, and stores the result.
 * @earlier_input_count: how many inputs of the history ran before @input.
 * @first_result: the result of @input in the worker of the job.
 */
static void run_alone_and_store_result(struct job *job, uint32_t input, size_t earlier_input_count,
				       const struct result_with_reason *first_result)
{
	struct engine *engine = job->engine;
	struct result_with_reason alone;
	struct run_worker worker;

	if (!engine_start_worker(engine, &worker, true)) {
		store_first_result_and_stop_engine(engine, input, first_result);
		return;
	}
	engine_run_batch(engine, &worker, &input, 1, &alone);
	store_result_unless_already_failed(engine, input, &alone, worker.output);
	run_worker_kill_and_release(&worker);
	if (result_kinds[first_result->result.kind].is_failure &&
	    !record_is_failure(&engine->run->records[input]))
		find_and_record_failing_history(job, input, earlier_input_count, first_result, &alone.result);
}

/* Return: whether the outcome of @input differs between the two orders; if so, @result becomes RUN_state. */
static bool replace_result_if_orders_differ(const struct engine *engine, uint32_t input,
					    struct result_with_reason *result)
{
	const struct input_result *before = &engine->run->records[input].result;

	if (!engine->is_second_order || !before->was_returned ||
	    before->outcome_digest == result->result.outcome_digest)
		return false;
	*result = (struct result_with_reason){ .result.kind = RUN_state,
					       .why = "another outcome in another order" };
	return true;
}

/*
 * Reads the result of the input at @position, and stores it. If the result requires a check, runs the input
 * alone and stores that result. Return: false, without storing @result, if the input failed and may have
 * damaged the process.
 */
static bool store_or_recheck_unless_damaging(struct job *job, uint32_t position,
					     struct result_with_reason *result)
{
	struct engine *engine = job->engine;
	size_t history_index = job->batch_start + position;
	uint32_t input = job->history.indices[history_index];

	run_worker_read_result(&job->worker, position, result);
	if (kind_may_damage_process(result->result.kind))
		return false;
	if (!job->has_good_input && !result_kinds[result->result.kind].is_failure) {
		job->has_good_input = true;
		job->good_input = input;
	}
	if (replace_result_if_orders_differ(engine, input, result) || result->result.must_recheck)
		run_alone_and_store_result(job, input, history_index, result);
	else if (!engine->recheck_round)
		store_result_unless_already_failed(engine, input, result, NULL);
	return true;
}

/* ---- the end of a batch ---- */

/*
 * The worker has run the first @ran_count inputs of the batch, and runs no more. Marks these inputs as
 * unchecked, and returns the inputs from position @requeue_from on to the queue.
 */
static void requeue_rest_and_mark_unchecked(struct job *job, uint32_t ran_count, uint32_t requeue_from)
{
	bool can_find_leaks = job->worker.control && job->worker.control->can_find_leaks;
	size_t first_unchecked = can_find_leaks ? job->leak_checked_count : job->batch_start;
	const uint32_t *history = job->history.indices;
	struct engine *engine = job->engine;

	pthread_mutex_lock(&engine->lock);
	input_indices_append(&engine->unchecked, history + first_unchecked,
			     job->batch_start + ran_count - first_unchecked);
	for (size_t i = job->history.count; i > job->batch_start + requeue_from; i--)
		input_indices_append(&engine->queue, &history[i - 1], 1);
	pthread_mutex_unlock(&engine->lock);
}

/* Requeues the last good input before a failure, because that input may have damaged the process. */
static void requeue_last_good_input(struct engine *engine, uint32_t input)
{
	if (engine->recheck_round || record_is_failure(&engine->run->records[input]))
		return;
	pthread_mutex_lock(&engine->lock);
	input_indices_append(&engine->queue, &input, 1);
	engine->finished_run_count--;
	pthread_mutex_unlock(&engine->lock);
}

/*
 * The input at @position failed, or did not begin, after @ran_count inputs of the batch. Runs that input
 * alone. If the input also fails alone, the input before it runs again, because it may have damaged the
 * process.
 */
static void requeue_rest_and_run_alone(struct job *job, uint32_t position, uint32_t ran_count,
				       const struct result_with_reason *result)
{
	uint32_t input = job->history.indices[job->batch_start + position];
	size_t earlier_input_count = job->batch_start + ran_count;

	requeue_rest_and_mark_unchecked(job, ran_count, ran_count > position ? ran_count : position + 1);
	run_alone_and_store_result(job, input, earlier_input_count, result);
	if (earlier_input_count && record_is_failure(&job->engine->run->records[input]))
		requeue_last_good_input(job->engine, job->history.indices[earlier_input_count - 1]);
}

/*
 * The worker ended or replied before it began the next input after @ran_count inputs. If it ran any input,
 * the last one may have damaged it, and runs again, alone. The rest of the batch runs together in a new
 * worker, because a failure may depend on several inputs.
 * @result: how the worker ended
 */
static void requeue_after_false_start(struct job *job, uint32_t ran_count,
				      const struct result_with_reason *result)
{
	size_t earlier_input_count = job->batch_start + ran_count;

	if (!earlier_input_count && ++job->false_start_count > FALSE_STARTS_MAX && count_batch_inputs(job)) {
		requeue_rest_and_run_alone(job, 0, 0, &not_begun);
		return;
	}
	requeue_rest_and_mark_unchecked(job, ran_count, ran_count);
	if (earlier_input_count)
		run_alone_and_store_result(job, job->history.indices[earlier_input_count - 1],
					   earlier_input_count - 1, result);
}

/* Return: false if LeakSanitizer found lost memory: a later check in this worker would find it again. */
static bool handle_leaks_and_decide_reuse(struct job *job)
{
	static const struct result_with_reason lost = { .result.kind = RUN_leak, .why = LEAK_FOUND_TEXT };
	struct engine *engine = job->engine;
	size_t first_unchecked = job->leak_checked_count, count = job->history.count - first_unchecked;

	if (!job->worker.control->must_check_leaks)
		return true;
	job->leak_checked_count = job->history.count;
	if (!job->worker.control->has_leaked_memory || !count)
		return true;
	if (count == 1) {
		run_alone_and_store_result(job, job->history.indices[first_unchecked], first_unchecked,
					   &lost);
		return false;
	}
	pthread_mutex_lock(&engine->lock);
	engine->has_found_lost_memory = true;
	engine->input_before_loss = job->history.indices[job->history.count - 1];
	input_indices_append(&engine->unchecked, job->history.indices + first_unchecked, count);
	pthread_mutex_unlock(&engine->lock);
	return false;
}

/* Handles the reply of the worker to a batch. Return: whether the worker can run another batch. */
static bool handle_reply_and_decide_reuse(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position), count = count_batch_inputs(job);
	uint32_t ran_count = last == NO_POSITION ? 0 : last < count ? last + 1 : count;
	struct result_with_reason result;

	for (uint32_t i = 0; i < ran_count; i++)
		if (!store_or_recheck_unless_damaging(job, i, &result)) {
			requeue_rest_and_run_alone(job, i, i, &result);
			return false;
		}
	if (ran_count == count)
		return handle_leaks_and_decide_reuse(job);
	requeue_after_false_start(job, ran_count, &early_reply);
	return false;
}

/* The worker ended while it ran the input at @position, after the first @ran_count inputs of the batch. */
static void attribute_death_and_rerun_input(struct job *job, uint32_t position, uint32_t ran_count)
{
	struct result_with_reason result;

	for (uint32_t i = 0; i < ran_count; i++)
		if (i != position && !store_or_recheck_unless_damaging(job, i, &result))
			run_alone_and_store_result(job, job->history.indices[job->batch_start + i],
						   job->batch_start + i, &result);
	engine_describe_death(job->engine, &job->worker, &result);
	requeue_rest_and_run_alone(job, position, ran_count, &result);
}

static void handle_worker_death(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position), count = count_batch_inputs(job);
	struct result_with_reason result;

	if (last != NO_POSITION && count) {
		/* From position @count on, the worker runs the inputs again, so all have run once. */
		attribute_death_and_rerun_input(job, last % count, last < count ? last : count);
		return;
	}
	engine_describe_death(job->engine, &job->worker, &result);
	requeue_after_false_start(job, 0, &result);
}

/* ---- a batch ---- */

static bool start_worker_if_none(struct job *job)
{
	if (job->worker.control)
		return true;
	job->worker_start_count++;
	return engine_start_worker(job->engine, &job->worker, false);
}

void job_run_and_handle_batch(struct job *job)
{
	uint32_t count = count_batch_inputs(job);
	bool can_go_on = false;

	if (!start_worker_if_none(job)) {
		job->engine->is_broken = true;
		requeue_rest_and_mark_unchecked(job, 0, 0);
		return;
	}
	job->worker.control->must_check_leaks =
		!count || job->engine->recheck_round ||
		(job->worker.sent_batch_count + 1) % BATCHES_PER_LEAK_CHECK == 0;
	if (run_worker_send_batch_and_wait(&job->worker, job->engine->inputs,
					   job->history.indices + job->batch_start, count))
		can_go_on = handle_reply_and_decide_reuse(job);
	else
		handle_worker_death(job);
	if (!can_go_on)
		run_worker_kill_and_release(&job->worker);
}
