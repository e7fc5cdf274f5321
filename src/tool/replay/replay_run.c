/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/replay/replay_run.h"

/* A look for lost memory costs as much as some hundred inputs. */
#define BATCHES_A_CHECK 8

/* In batches of 512, 64, 8 and 1 input. */
#define ROUNDS 4

/* ---- what is to be done ---- */

static bool replace_worker(struct replay_run *run, unsigned int number, bool alone)
{
	struct replay_worker *worker = &run->workers[number];

	replay_worker_end(worker);
	worker->alone = alone;
	run->column->starts++;
	run->batch_starts += !alone;
	if (replay_worker_start(worker, run->options, run->list))
		return true;
	run->broken = true;
	return false;
}

/* How many items there are until the end, or until another order begins. */
static size_t stretch(const struct replay_run *run)
{
	size_t half = run->count / 2;

	return (replay_in_orders(run) && run->next < half ? half : run->count) - run->next;
}

/* What failed in one order has had its say. */
static void add_unless_named(struct replay_run *run, struct replay_items *batch, uint32_t item)
{
	if (replay_kinds[run->column->rows[REPLAY_INPUT(item)].kind].fails)
		run->done++;
	else
		replay_add(batch, item);
}

/* Whoever ends its worker leaves others unchecked: each time fewer. */
static size_t batch_size(const struct replay_run *run)
{
	return run->rounds ? REPLAY_BATCH >> 3 * (run->rounds - 1) : REPLAY_BATCH;
}

/* Items that were given back go first. */
static bool gather(struct replay_run *run, struct replay_items *batch)
{
	size_t left = stretch(run), end = run->next + left, most = batch_size(run);

	batch->count = 0;
	while (run->back.count && batch->count < most)
		add_unless_named(run, batch, run->back.item[--run->back.count]);
	if (batch->count)
		return true;
	/* At the end small batches, so that all workers have some. */
	if (!replay_in_orders(run) && left < most * run->options->jobs * 2)
		most = left / run->options->jobs / 2 + 1;
	while (batch->count < most && run->next < end)
		add_unless_named(run, batch, run->order[run->next++]);
	return batch->count;
}

/* ---- workers ---- */

static void begin_alone(struct replay_run *run, unsigned int number)
{
	run->held[number] = run->suspects[run->looked++];
	if (!replace_worker(run, number, true))
		return;
	run->workers[number].control->digests = replay_in_orders(run);
	run->workers[number].alone = true;
	replay_worker_send(&run->workers[number], &run->held[number].input, 1);
}

static void begin_batch(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];
	struct replay_items *batch = &run->batches[number];
	bool is_used_up = worker->batches == REPLAY_BATCHES && !replay_in_orders(run);
	uint32_t inputs[REPLAY_BATCH];

	if ((worker->state == REPLAY_WORKER_EMPTY || is_used_up) &&
	    !replace_worker(run, number, false)) {
		replay_give_back(run, batch, 0);
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		inputs[i] = REPLAY_INPUT(batch->item[i]);
	worker->control->digests = replay_in_orders(run);
	worker->control->lost = (worker->batches + 1) % BATCHES_A_CHECK == 0;
	replay_worker_send(worker, inputs, (uint32_t)batch->count);
}

static void begin_look(struct replay_run *run, unsigned int number)
{
	run->workers[number].control->lost = true;
	replay_worker_send(&run->workers[number], NULL, 0);
}

/* After each of two orders the process says what it holds, if it is the only one. */
static bool begin_measure(struct replay_run *run, unsigned int number)
{
	size_t half = run->count / 2;

	if (!replay_in_orders(run) || run->back.count || run->measured == 2 ||
	    run->next != (run->measured ? run->count : half))
		return false;
	if (run->workers[number].state == REPLAY_WORKER_EMPTY) {
		run->measured++;
		return false;
	}
	run->batches[number].count = 0;
	replay_worker_measure(&run->workers[number]);
	return true;
}

static void finish_measure(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];

	*(run->measured ? &run->column->after : &run->column->before) = worker->control->footprint;
	run->measured++;
	/* Both times it has to be the same process. */
	run->column->measured = run->measured == 2 && run->batch_starts == 1;
	worker->state = REPLAY_WORKER_IDLE;
}

/* With two orders the first worker is the process that they are about. */
static unsigned int batch_workers(const struct replay_run *run)
{
	return replay_in_orders(run) ? 1 : run->options->jobs;
}

static unsigned int count_busy(const struct replay_run *run)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < run->workers_used; i++)
		busy += run->workers[i].state == REPLAY_WORKER_BUSY;
	return busy;
}

static void begin(struct replay_run *run, unsigned int number)
{
	if (count_busy(run) >= run->options->jobs)
		return;
	if (number >= batch_workers(run)) {
		if (run->looked < run->suspected)
			begin_alone(run, number);
		return;
	}
	if (begin_measure(run, number))
		return;
	if (gather(run, &run->batches[number]))
		begin_batch(run, number);
	else if (run->since[number].count)
		begin_look(run, number);
	else
		replay_worker_end(&run->workers[number]);
}

static void look_at(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];
	int status;

	if (worker->state != REPLAY_WORKER_BUSY)
		return;
	replay_worker_watch(worker, run->options);
	if (replay_worker_done(worker)) {
		if (worker->control->measure)
			finish_measure(run, number);
		else
			replay_finish(run, number);
	} else if (replay_worker_gone(worker, &status)) {
		replay_finish_dead(run, number, status);
	}
}

/* Those that are named already would be found again. */
static size_t without_named(const struct replay_run *run, uint32_t *inputs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!replay_kinds[run->column->rows[inputs[i]].kind].fails)
			inputs[kept++] = inputs[i];
	return kept;
}

/* When all else is done. What is unchecked after that is asked about by halves. */
static bool look_again(struct replay_run *run)
{
	struct replay_items *unchecked = &run->unchecked;
	bool last = run->rounds == ROUNDS;

	if (!unchecked->count)
		return false;
	unchecked->count = without_named(run, unchecked->item, unchecked->count);
	for (size_t i = 0; i < unchecked->count; i++)
		replay_add(last ? &run->lost : &run->back, unchecked->item[i] | (last ? 0 : REPLAY_AGAIN));
	unchecked->count = 0;
	run->rounds += !last;
	return run->back.count;
}

static bool any_work(const struct replay_run *run)
{
	return run->next < run->count || run->back.count || run->looked < run->suspected ||
	       (replay_in_orders(run) && run->measured < 2);
}

static const char *what_runs(const struct replay_run *run)
{
	for (unsigned int i = 0; i < run->workers_used; i++) {
		const struct replay_worker *worker = &run->workers[i];
		uint32_t position;

		if (worker->state != REPLAY_WORKER_BUSY || worker->control->measure)
			continue;
		position = atomic_load(&worker->control->position);
		if (position < worker->control->count && worker->control->count <= REPLAY_BATCH &&
		    worker->control->inputs[position] < run->list->count)
			return replay_name(run->list, worker->control->inputs[position]);
	}
	return "";
}

static void run_all(struct replay_run *run)
{
	do {
		for (unsigned int i = 0; i < run->workers_used; i++) {
			look_at(run, i);
			if (run->workers[i].state != REPLAY_WORKER_BUSY && !run->broken)
				begin(run, i);
		}
		replay_progress(run->options, what_runs(run), run->done, run->count, run->failed);
		if (count_busy(run))
			replay_worker_wait(run->workers, run->workers_used, 1000);
	} while ((count_busy(run) || any_work(run) || look_again(run)) && !run->broken);
}

/* ---- all of it ---- */

static void plan(struct replay_run *run)
{
	uint32_t inputs = run->list->count;

	run->order = replay_sure(calloc(2 * (size_t)inputs, sizeof(*run->order)));
	run->count = replay_order(run->options, inputs, run->order);
	for (unsigned int i = 0; replay_in_orders(run) && i < 2; i++)
		run->digests[i] = replay_sure(calloc(inputs, sizeof(uint64_t)));
}

/* Answers that differ from order to order: who of those before it made the difference? */
static void add_order_unattributed(struct replay_run *run)
{
	for (size_t i = 0; replay_in_orders(run) && i < run->count; i++) {
		uint32_t input = REPLAY_INPUT(run->order[i]);
		struct replay_suspect held = { .input = input };

		if (run->order[i] == input || replay_kinds[run->column->rows[input].kind].fails ||
		    run->digests[0][input] == run->digests[1][input])
			continue;
		held.unattributed = (struct replay_unattributed){
			.affected = input,
			.kind = REPLAY_state,
			.why = "another outcome in another order",
			.history = replay_sure(malloc(run->count * sizeof(uint32_t))),
		};
		for (size_t k = 0; k < i; k++)
			held.unattributed.history[held.unattributed.ran++] = REPLAY_INPUT(run->order[k]);
		replay_unattributed_over(run, &held);
	}
}

/* What nobody ran is not good. */
static void report_not_run(struct replay_run *run)
{
	for (uint32_t i = 0; i < run->list->count; i++)
		if (!run->column->rows[i].asked)
			replay_row_set(&run->column->rows[i], REPLAY_flaky, "it was never run", NULL);
}

/* What was seen and not looked into stays what it was when it was seen. */
static void name_unsolved(struct replay_run *run)
{
	static const char why[] = "it was not looked at again: workers could not be started";

	for (size_t i = 0; i < run->suspected; i++) {
		struct replay_row *row = &run->column->rows[run->suspects[i].input];
		enum replay_kind kind = run->suspects[i].unattributed.kind;

		if (replay_kinds[row->kind].fails)
			continue;
		if (replay_kinds[kind].fails)
			replay_row_set(row, kind, run->suspects[i].unattributed.why, NULL);
		else if (i >= run->looked)
			replay_row_set(row, REPLAY_flaky, why, NULL);
	}
	for (size_t i = 0; run->saw_lost && i < run->lost.count; i++)
		if (!replay_kinds[run->column->rows[run->lost.item[i]].kind].fails)
			replay_row_set(&run->column->rows[run->lost.item[i]], REPLAY_leak, why, NULL);
}

/* LeakSanitizer found something, and nobody is named for it. */
static void name_lost(struct replay_run *run)
{
	size_t count = without_named(run, run->lost.item, run->lost.count);
	bool others = count < run->lost.count;

	run->lost.count = count;
	if (!count || replay_find_lost(run->options, run->list, run->column, run->lost.item, count))
		return;
	if (run->saw_lost && !others)
		replay_row_set(&run->column->rows[run->lost.item[0]], REPLAY_flaky,
			       "LeakSanitizer found lost memory after it or others, and not again", NULL);
}

static void solve(struct replay_run *run)
{
	report_not_run(run);
	if (run->broken) {
		name_unsolved(run);
		return;
	}
	add_order_unattributed(run);
	for (size_t i = 0; i < run->unattributed_count; i++) {
		struct replay_unattributed *unattributed = &run->unattributed[i].unattributed;

		replay_find_interaction(run->options, run->list, run->column, unattributed);
		free(unattributed->history);
	}
	name_lost(run);
}

static void release(struct replay_run *run)
{
	for (unsigned int i = 0; i < run->workers_used; i++) {
		replay_worker_end(&run->workers[i]);
		free(run->batches[i].item);
		free(run->since[i].item);
	}
	free(run->order);
	free(run->back.item);
	free(run->unchecked.item);
	free(run->lost.item);
	free(run->suspects);
	free(run->unattributed);
	free(run->digests[0]);
	free(run->digests[1]);
}

bool replay_run(const struct replay_options *options, const struct replay_list *list,
		struct replay_column *column)
{
	static struct replay_run run;
	long started = replay_now();

	memset(&run, 0, sizeof(run)); /* too large for the stack */
	run.options = options;
	run.list = list;
	run.column = column;
	run.workers_used = 2 * batch_workers(&run);
	plan(&run);
	run_all(&run);
	solve(&run);
	replay_check_flat(column, list->count);
	replay_progress_end();
	column->seconds = (double)(replay_now() - started) / 1000;
	release(&run);
	return !run.broken;
}
