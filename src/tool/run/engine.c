/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/util/status.h"

/* A check for lost memory costs as much as some hundred inputs. */
#define BATCHES_A_CHECK 8

/* In batches of 512, 64, 8 and 1 input. */
#define ROUNDS 4

static bool has_failed(const struct engine *engine, uint32_t item)
{
	return result_kinds[engine->run->records[ITEM_INPUT(item)].kind].fails;
}

/* ---- batches ---- */

static bool replace_worker(struct engine *engine, unsigned int number, bool alone)
{
	const struct run_worker_options options = { .path = engine->options->path,
						.list = engine->list,
						.execution = engine->options->execution,
						.megabytes = engine->options->megabytes,
						.cold = engine->false_starts,
						.symbols = alone };
	struct run_worker *worker = &engine->workers[number];

	run_worker_end(worker);
	engine->history[number].count = 0;
	engine->run->starts++;
	engine->batch_starts += !alone;
	engine->broken |= !run_worker_start(worker, &options);
	worker->alone = alone;
	return !engine->broken;
}

/* How many items there are until the end, or until the other order begins. */
static size_t items_left(const struct engine *engine)
{
	size_t half = engine->count / 2;

	return (engine->options->orders && engine->next < half ? half : engine->count) - engine->next;
}

/* An input that failed in one order need not run in the other. */
static void add_unless_failed(struct engine *engine, struct item_list *batch, uint32_t item)
{
	if (has_failed(engine, item))
		engine->done++;
	else
		item_list_append(batch, item);
}

static size_t batch_size(const struct engine *engine)
{
	return engine->rounds ? RUN_BATCH >> 3 * (engine->rounds - 1) : RUN_BATCH;
}

/* Items that were given back go first. */
static bool fill_batch(struct engine *engine, struct item_list *batch)
{
	size_t left = items_left(engine), end = engine->next + left, most = batch_size(engine);

	batch->count = 0;
	while (engine->back.count && batch->count < most)
		add_unless_failed(engine, batch, engine->back.item[--engine->back.count]);
	if (batch->count)
		return true;
	/* At the end small batches, so that all workers have some. */
	if (!engine->options->orders && left < most * engine->options->jobs * 2)
		most = left / engine->options->jobs / 2 + 1;
	while (batch->count < most && engine->next < end)
		add_unless_failed(engine, batch, engine->order[engine->next++]);
	return batch->count;
}

/* ---- requests ---- */

static void begin_alone(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];

	engine->running[number] = engine->pending[engine->pending_next++];
	if (!replace_worker(engine, number, true))
		return;
	worker->control->alone = true;
	worker->control->digests = engine->options->orders;
	run_worker_send_batch(worker, &engine->running[number].input, 1);
}

static void begin_batch(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];
	struct item_list *batch = &engine->batches[number];
	bool is_used_up = worker->batches == WORKER_BATCHES && !engine->options->orders;
	uint32_t inputs[RUN_BATCH];

	if ((worker->state == WORKER_EMPTY || is_used_up) && !replace_worker(engine, number, false)) {
		engine_give_back(engine, batch, 0);
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		inputs[i] = ITEM_INPUT(batch->item[i]);
	worker->control->digests = engine->options->orders;
	worker->control->lost = engine->rounds || (worker->batches + 1) % BATCHES_A_CHECK == 0;
	run_worker_send_batch(worker, inputs, (uint32_t)batch->count);
}

/* No input: the check for lost memory at the end of a batch. */
static void begin_check_for_lost(struct engine *engine, unsigned int number)
{
	engine->batches[number].count = 0;
	engine->workers[number].control->lost = true;
	run_worker_send_batch(&engine->workers[number], NULL, 0);
}

/* After each of two orders the footprint is measured, if one process ran all of both. */
static bool begin_measure(struct engine *engine, unsigned int number)
{
	size_t half = engine->count / 2;

	if (!engine->options->orders || engine->back.count || engine->measured == 2 ||
	    engine->next != (engine->measured ? engine->count : half))
		return false;
	if (engine->workers[number].state == WORKER_EMPTY) {
		engine->measured++;
		return false;
	}
	engine->batches[number].count = 0;
	run_worker_send_measure(&engine->workers[number]);
	return true;
}

static void finish_measure(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];

	*(engine->measured ? &engine->run->after : &engine->run->before) = worker->control->footprint;
	engine->measured++;
	/* Both times it has to be the same process. */
	engine->run->measured = engine->measured == 2 && engine->batch_starts == 1;
	worker->state = WORKER_IDLE;
}

/* With two orders one process runs all batches. */
static unsigned int batch_workers(const struct engine *engine)
{
	return engine->options->orders ? 1 : engine->options->jobs;
}

static unsigned int count_busy(const struct engine *engine)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < engine->workers_used; i++)
		busy += engine->workers[i].state == WORKER_BUSY;
	return busy;
}

static void begin_request(struct engine *engine, unsigned int number)
{
	if (count_busy(engine) >= engine->options->jobs)
		return;
	if (number >= batch_workers(engine)) {
		if (engine->pending_next < engine->pending_count)
			begin_alone(engine, number);
		return;
	}
	if (begin_measure(engine, number))
		return;
	if (fill_batch(engine, &engine->batches[number]))
		begin_batch(engine, number);
	else if (engine->since[number].count)
		begin_check_for_lost(engine, number);
	else
		run_worker_end(&engine->workers[number]);
}

static void check_request(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];
	int status;

	if (worker->state != WORKER_BUSY)
		return;
	run_worker_watch(worker, &engine->options->execution);
	if (run_worker_done(worker)) {
		if (worker->control->request == REQUEST_MEASURE)
			finish_measure(engine, number);
		else
			engine_finish(engine, number);
	} else if (run_worker_gone(worker, &status)) {
		engine_finish_dead(engine, number, status);
	}
}

/* ---- the loop ---- */

/* When all else is done: unchecked items run again, in smaller batches each time. */
static bool requeue_unchecked(struct engine *engine)
{
	struct item_list *unchecked = &engine->unchecked;

	if (!unchecked->count || engine->rounds == ROUNDS)
		return false;
	for (size_t i = 0; i < unchecked->count; i++)
		if (!has_failed(engine, unchecked->item[i]))
			item_list_append(&engine->back, unchecked->item[i] | RUN_AGAIN);
	unchecked->count = 0;
	engine->rounds++;
	return engine->back.count;
}

static bool has_work(const struct engine *engine)
{
	return engine->next < engine->count || engine->back.count ||
	       engine->pending_next < engine->pending_count ||
	       (engine->options->orders && engine->measured < 2);
}

/* The input that one of the workers runs now, or "". */
static const char *running_input(const struct engine *engine)
{
	for (unsigned int i = 0; i < engine->workers_used; i++) {
		const struct run_worker *worker = &engine->workers[i];
		const struct item_list *batch = &engine->batches[i];
		uint32_t position;

		if (worker->state != WORKER_BUSY)
			continue;
		if (worker->alone)
			return input_name(engine->list, engine->running[i].input);
		position = atomic_load(&worker->control->position);
		if (position < batch->count)
			return input_name(engine->list, ITEM_INPUT(batch->item[position]));
	}
	return "";
}

static void print_progress(const struct engine *engine)
{
	const char *name = running_input(engine);

	status("%s: %zu of %zu, %zu failed%s%s", engine->run->flavour, engine->done, engine->count,
	       engine->failed, *name ? ": " : "", name);
}

static void run_all(struct engine *engine)
{
	do {
		for (unsigned int i = 0; i < engine->workers_used; i++) {
			check_request(engine, i);
			if (engine->workers[i].state != WORKER_BUSY && !engine->broken)
				begin_request(engine, i);
		}
		print_progress(engine);
		if (count_busy(engine))
			run_worker_wait(engine->workers, engine->workers_used, 1000);
	} while ((count_busy(engine) || has_work(engine) || requeue_unchecked(engine)) &&
		 !engine->broken);
}

/* ---- after it ---- */

/* An outcome that differs from order to order depends on the inputs before it. */
static void compare_orders(struct engine *engine)
{
	for (size_t i = 0; engine->options->orders && i < engine->count; i++) {
		uint32_t item = engine->order[i], input = ITEM_INPUT(item);
		struct unattributed unattributed = { .affected = input, .kind = RUN_state,
						     .why = "another outcome in another order" };

		if (item == input || has_failed(engine, input) ||
		    engine->digests[0][input] == engine->digests[1][input])
			continue;
		unattributed.history =
			checked_memory(malloc(engine->count * sizeof(*unattributed.history)));
		for (size_t k = 0; k < i; k++)
			unattributed.history[unattributed.ran++] = ITEM_INPUT(engine->order[k]);
		engine_add_unattributed(engine, &unattributed);
	}
}

/* An input that no worker ran is not good. */
static void name_not_run(struct engine *engine)
{
	for (uint32_t i = 0; i < engine->list->count; i++)
		if (!engine->run->records[i].ran)
			record_set(&engine->run->records[i], RUN_flaky, "it was never run", NULL);
}

/* A failure that was seen and not rechecked stays what it was when it was seen. */
static void name_not_rechecked(struct engine *engine)
{
	static const char why[] = "it was not run again: workers could not be started";

	for (size_t i = 0; i < engine->pending_count; i++) {
		const struct unattributed *unattributed = &engine->pending[i].unattributed;
		struct run_record *record = &engine->run->records[engine->pending[i].input];

		if (result_kinds[record->kind].fails && record->ran)
			continue;
		if (result_kinds[unattributed->kind].fails)
			record_set(record, unattributed->kind, unattributed->why, NULL);
		else if (i >= engine->pending_next)
			record_set(record, RUN_flaky, why, NULL);
		record->ran = true;
	}
}

/* LeakSanitizer found lost memory once, and no single input loses any. */
static void name_lost_memory_after(struct engine *engine)
{
	if (engine->lost_memory && !count_kind(engine->run, engine->list->count, RUN_leak))
		record_set(&engine->run->records[engine->lost_after], RUN_flaky,
			   "LeakSanitizer found lost memory after it or others, and not again", NULL);
}

static void finish(struct engine *engine)
{
	name_not_run(engine);
	if (engine->broken)
		name_not_rechecked(engine);
	else
		compare_orders(engine);
	for (size_t i = 0; i < engine->unattributed_count; i++) {
		find_interaction(engine->options, engine->list, engine->run, &engine->unattributed[i]);
		free(engine->unattributed[i].history);
	}
	name_lost_memory_after(engine);
}

static void init(struct engine *engine)
{
	uint32_t inputs = engine->list->count;

	engine->workers_used = 2 * batch_workers(engine);
	engine->order = checked_memory(calloc(2 * (size_t)inputs, sizeof(*engine->order)));
	engine->count = fill_order(engine->options, inputs, engine->order);
	for (unsigned int i = 0; engine->options->orders && i < 2; i++)
		engine->digests[i] = checked_memory(calloc(inputs, sizeof(uint64_t)));
}

static void destroy(struct engine *engine)
{
	for (unsigned int i = 0; i < engine->workers_used; i++) {
		run_worker_end(&engine->workers[i]);
		free(engine->batches[i].item);
		free(engine->history[i].item);
		free(engine->since[i].item);
	}
	free(engine->order);
	free(engine->back.item);
	free(engine->unchecked.item);
	free(engine->pending);
	free(engine->unattributed);
	free(engine->digests[0]);
	free(engine->digests[1]);
}

bool engine_run(const struct run_options *options, const struct input_list *list,
		struct flavour_run *run)
{
	static struct engine engine; /* too large for the stack */
	long started = milliseconds_now();

	memset(&engine, 0, sizeof(engine));
	engine.options = options;
	engine.list = list;
	engine.run = run;
	init(&engine);
	run_all(&engine);
	finish(&engine);
	check_growth_of_orders(run, list->count);
	status_end();
	run->seconds = (double)(milliseconds_now() - started) / 1000;
	destroy(&engine);
	return !engine.broken;
}
