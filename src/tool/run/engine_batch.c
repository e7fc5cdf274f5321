/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a failure is attributed to an input:
 *
 *   1. A worker writes which input it begins before it begins, so its death leaves that known.
 *   2. An input that fails, or ends its worker, may have damaged the process: the rest of its
 *      batch runs in a new one.
 *   3. An input that failed runs again, alone in a new process. If it fails there, that failure is its
 *      result.
 *   4. If it does not fail alone, it depends on earlier inputs: find_interacting_inputs().
 *   5. If the heap or the descriptors grew, the input runs again alone, as in 3, where its
 *      growth is measured.
 *   6. LeakSanitizer runs after some batches, and at the end. If it finds a leak,
 *      find_interacting_inputs() finds the leaking inputs among those since the last check.
 *   7. Inputs whose worker died before the next leak check run again at the end.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"

/* A worker is replaced after this number of batches, because detectors keep memory for each race. */
#define WORKER_BATCHES 40

/* A leak check costs as much as some hundred inputs: this number of batches has one check. */
#define BATCHES_A_CHECK 8

/* How often a worker that ends before its first input is replaced. */
#define FALSE_STARTS 5

static const char no_result[] = "the worker returned no result";

/* ---- the state that jobs share ---- */

/* @result: what a worker returned, or NULL */
static void store_result(struct engine *engine, uint32_t input, enum result_kind kind,
			const char *why, const char *output, const struct input_result *result)
{
	struct run_record *record = &engine->run->records[input];
	/* An input that failed in one order stays a failure if it is good in the other. */
	bool is_new = !record_is_failure(record);

	pthread_mutex_lock(&engine->lock);
	engine->done_count++;
	engine->failed_count += is_new && result_kinds[kind].is_failure;
	pthread_mutex_unlock(&engine->lock);
	record->was_run = true;
	if (is_new && result) {
		record->has_result = true;
		record->result = *result;
		record->result.rules_seen_on_fibers &= RULE_BIT(RULE_COUNT) - 1;
		record->result.rules_seen_on_threads &= RULE_BIT(RULE_COUNT) - 1;
	}
	if (is_new)
		record_set_result(record, kind, why, output);
}

/* Appends a failure, and takes over the memory of its earlier inputs. */
static void add_unattributed(struct engine *engine, const struct unattributed_failure *failure)
{
	pthread_mutex_lock(&engine->lock);
	engine->unattributed = memory_or_exit(
		realloc(engine->unattributed,
			(engine->unattributed_count + 1) * sizeof(*engine->unattributed)));
	engine->unattributed[engine->unattributed_count++] = *failure;
	pthread_mutex_unlock(&engine->lock);
}

/* Counts a worker that ended, or replied, before its inputs ran. Return: the number of such workers. */
static unsigned int count_false_start(struct engine *engine)
{
	unsigned int count;

	pthread_mutex_lock(&engine->lock);
	count = ++engine->false_start_count;
	pthread_mutex_unlock(&engine->lock);
	return count;
}

static void mark_engine_broken(struct engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	engine->is_broken = true;
	pthread_mutex_unlock(&engine->lock);
}

/* ---- running an input alone ---- */

/* Stores the first failure of an input as its result if the input cannot run again. */
static void keep_first_failure(struct engine *engine, const struct unattributed_failure *seen)
{
	bool fails = result_kinds[seen->kind].is_failure;

	store_result(engine, seen->affected_input, fails ? seen->kind : RUN_flaky,
		    fails ? seen->why : "it was not run again: workers could not be started", NULL, NULL);
	mark_engine_broken(engine);
}

static void store_isolated_result(struct engine *engine, uint32_t input,
			      const struct run_worker *worker)
{
	const struct worker_result returned = worker->control->results[0];
	enum result_kind kind = returned.result.kind;
	char why[RUN_WHY];

	/* A damaged worker may have written a reason without an end. */
	snprintf(why, sizeof(why), "%.*s", RUN_WHY - 1, returned.why);
	if (kind >= RUN_KINDS)
		store_result(engine, input, RUN_crash, no_result, worker->output, NULL);
	else
		store_result(engine, input, kind, why,
			    result_kinds[kind].is_failure ? worker->output : NULL, &returned.result);
}

/* Runs the input alone in a new process, which gives its result. Takes over @seen->earlier_inputs. */
static void run_input_alone(struct engine *engine, struct unattributed_failure *seen)
{
	struct run_worker worker;
	char why[RUN_WHY];

	if (!engine_start_worker(engine, &worker, true)) {
		keep_first_failure(engine, seen);
		free(seen->earlier_inputs);
		return;
	}
	worker.control->must_measure_growth = true;
	if (run_worker_send_batch(&worker, engine->inputs, &seen->affected_input, 1)) {
		store_isolated_result(engine, seen->affected_input, &worker);
	} else {
		enum result_kind kind = engine_describe_death(engine, &worker, why);

		store_result(engine, seen->affected_input, kind, why, worker.output, NULL);
	}
	run_worker_end(&worker);
	if (seen->earlier_inputs && !record_is_failure(&engine->run->records[seen->affected_input]))
		add_unattributed(engine, seen);
	else
		free(seen->earlier_inputs);
}

/* ---- the batch of a job ---- */

/* Describes the failure of the input at @position, with all inputs that its worker ran before. */
static struct unattributed_failure make_failure(const struct job *job, uint32_t position,
						uint32_t before, enum result_kind kind,
						const char *why)
{
	struct unattributed_failure seen = { .affected_input = ITEM_INPUT(job->batch[position]),
					    .kind = kind };
	size_t earlier = job->run_items.count;

	seen.earlier_input_count = earlier + before;
	seen.earlier_inputs = memory_or_exit(
		malloc((seen.earlier_input_count + 1) * sizeof(*seen.earlier_inputs)));
	for (size_t i = 0; i < seen.earlier_input_count; i++)
		seen.earlier_inputs[i] = ITEM_INPUT(i < earlier ? job->run_items.items[i] :
							   job->batch[i - earlier]);
	snprintf(seen.why, sizeof(seen.why), "%s", why);
	return seen;
}

void job_end_worker(struct job *job)
{
	run_worker_end(&job->worker);
	job->run_items.count = job->leak_checked_count = 0;
}

/*
 * Ends the worker after the first @ran items of the batch, whose mappings are not yet counted. The items
 * from @from on return to the queue.
 */
static void abandon_batch(struct job *job, uint32_t ran, uint32_t from)
{
	bool can_find_leaks = job->worker.control && job->worker.control->can_find_leaks;
	struct engine *engine = job->engine;

	pthread_mutex_lock(&engine->lock);
	for (size_t i = job->leak_checked_count; can_find_leaks && i < job->run_items.count; i++)
		item_list_append(&engine->unchecked, ITEM_INPUT(job->run_items.items[i]));
	for (uint32_t i = 0; i < ran; i++)
		item_list_append(&engine->unchecked, ITEM_INPUT(job->batch[i]));
	for (uint32_t i = job->batch_count; i > from; i--)
		item_list_append(&engine->queue, job->batch[i - 1]);
	pthread_mutex_unlock(&engine->lock);
	job_end_worker(job);
}

/* An outcome that differs between the orders depends on the earlier inputs. */
static void compare_outcomes_of_orders(const struct job *job, uint32_t position, uint64_t digest)
{
	uint32_t item = job->batch[position];
	const struct run_record *record = &job->engine->run->records[ITEM_INPUT(item)];
	struct unattributed_failure seen;

	if (!(item & ITEM_SECOND_ORDER) || !record->has_result ||
	    record->result.outcome_digest == digest)
		return;
	seen = make_failure(job, position, position, RUN_state, "another outcome in another order");
	add_unattributed(job->engine, &seen);
}

/* Return: false if the input failed and may have damaged the process; @failure then describes it. */
static bool accept_result(struct job *job, uint32_t position, struct unattributed_failure *failure)
{
	const struct worker_result returned = job->worker.control->results[position];
	uint32_t item = job->batch[position], input = ITEM_INPUT(item);
	enum result_kind kind = returned.result.kind;
	char why[RUN_WHY];

	snprintf(why, sizeof(why), "%.*s", RUN_WHY - 1, returned.why);
	if (kind >= RUN_KINDS || kind_may_damage_process(kind)) {
		*failure = make_failure(job, position, position, kind < RUN_KINDS ? kind : RUN_crash,
					    kind < RUN_KINDS ? why : no_result);
		return false;
	}
	compare_outcomes_of_orders(job, position, returned.result.outcome_digest);
	if (returned.result.must_recheck)
		run_input_alone(job->engine, &(struct unattributed_failure){ .affected_input = input,
									    .kind = kind});
	else if (!(item & ITEM_AGAIN))
		store_result(job->engine, input, kind, why, NULL, &returned.result);
	return true;
}

static void finish_leak_check(struct job *job)
{
	struct unattributed_failure lost = { .is_leak = true, .kind = RUN_leak, .why = LEAK_FOUND };
	size_t first = job->leak_checked_count;

	if (!job->worker.control->must_check_leaks)
		return;
	job->leak_checked_count = job->run_items.count;
	if (!job->worker.control->has_leaked_memory || first == job->run_items.count)
		return;
	lost.earlier_input_count = job->run_items.count - first;
	lost.earlier_inputs =
		memory_or_exit(malloc(lost.earlier_input_count * sizeof(*lost.earlier_inputs)));
	for (size_t i = 0; i < lost.earlier_input_count; i++)
		lost.earlier_inputs[i] = ITEM_INPUT(job->run_items.items[first + i]);
	lost.affected_input = lost.earlier_inputs[0];
	add_unattributed(job->engine, &lost);
	job_end_worker(job);
}

/* Handles the results of a batch after the reply of the worker. */
static void finish_batch(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position);
	uint32_t ran = last == NO_POSITION ? 0 : last < job->batch_count ? last + 1 : job->batch_count;
	struct unattributed_failure failure;

	for (uint32_t i = 0; i < ran; i++)
		if (!accept_result(job, i, &failure)) {
			abandon_batch(job, i, i + 1);
			run_input_alone(job->engine, &failure);
			return;
		}
	/* The worker replied before it ran all inputs. */
	if (ran < job->batch_count) {
		if (count_false_start(job->engine) > FALSE_STARTS)
			mark_engine_broken(job->engine);
		abandon_batch(job, ran, ran);
		return;
	}
	for (uint32_t i = 0; i < job->batch_count; i++)
		item_list_append(&job->run_items, job->batch[i]);
	finish_leak_check(job);
}

/* The worker ended in the item at @position, after the first @ran items of the batch. */
static void attribute_worker_death(struct job *job, uint32_t position, uint32_t ran)
{
	struct unattributed_failure failure;
	enum result_kind kind;
	char why[RUN_WHY];

	for (uint32_t i = 0; i < ran; i++)
		if (i != position && !accept_result(job, i, &failure))
			run_input_alone(job->engine, &failure);
	kind = engine_describe_death(job->engine, &job->worker, why);
	failure = make_failure(job, position, ran, kind, why);
	abandon_batch(job, ran, ran > position ? ran : position + 1);
	run_input_alone(job->engine, &failure);
}

static void handle_worker_death(struct job *job)
{
	uint32_t last = atomic_load(&job->worker.control->position), count = job->batch_count;
	struct unattributed_failure failure;

	if (last != NO_POSITION && count) {
		/* While a worker recounts mappings, all items have run once, also the later items. */
		attribute_worker_death(job, last % count, last < count ? last : count);
	} else if (count_false_start(job->engine) > FALSE_STARTS && count) {
		/* The input runs alone next: the report of that process becomes its result. */
		failure = make_failure(job, 0, 0, RUN_crash,
				       "the worker ended before its first input");
		abandon_batch(job, 0, 1);
		run_input_alone(job->engine, &failure);
	} else {
		abandon_batch(job, 0, 0);
	}
}

static bool ensure_worker(struct job *job)
{
	const struct run_options *options = job->engine->options;

	if (job->worker.sent_batch_count == WORKER_BATCHES && !options->has_two_orders)
		job_end_worker(job);
	if (job->worker.control)
		return true;
	job->worker_start_count++;
	return engine_start_worker(job->engine, &job->worker, false);
}

void job_run_batch(struct job *job)
{
	uint32_t inputs[RUN_BATCH];

	if (!ensure_worker(job)) {
		mark_engine_broken(job->engine);
		abandon_batch(job, 0, 0);
		return;
	}
	for (uint32_t i = 0; i < job->batch_count; i++)
		inputs[i] = ITEM_INPUT(job->batch[i]);
	job->worker.control->must_check_leaks =
		!job->batch_count || job->engine->recheck_round ||
		(job->worker.sent_batch_count + 1) % BATCHES_A_CHECK == 0;
	if (run_worker_send_batch(&job->worker, job->engine->inputs, inputs, job->batch_count))
		finish_batch(job);
	else
		handle_worker_death(job);
}
