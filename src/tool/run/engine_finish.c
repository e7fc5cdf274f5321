/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a failure is attributed to an input:
 *
 *   1. A worker writes which input it begins before it begins, so its death leaves that known.
 *   2. An input that fails, or ends its worker, may have damaged the process: the rest of its
 *      batch runs in a new one.
 *   3. What failed runs again, alone in a new process. If it fails there, it is named by what it
 *      does there.
 *   4. If it does not, it depends on inputs before it: find_interaction().
 *   5. If the heap or the descriptors grew, the input runs again alone, as in 3, where its
 *      growth is measured.
 *   6. LeakSanitizer checks now and then, and at the end. If it finds lost memory, the inputs
 *      since the last check run again in smaller and smaller batches, the last with one input.
 *   7. Inputs whose worker died before such a check run again in the same way.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/util/usage.h"

/*
 * A worker that ends before its first input is replaced so often, by one without a warm-up: a
 * broken library may end the process there, and its inputs are to show that.
 */
#define FALSE_STARTS 5

void *checked_memory(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "pagetorture: expected memory, got none\n");
	exit(EXIT_BAD);
}

void item_list_append(struct item_list *list, uint32_t item)
{
	if (list->count == list->room) {
		list->room = 2 * list->room + 64;
		list->item = checked_memory(realloc(list->item, list->room * sizeof(*list->item)));
	}
	list->item[list->count++] = item;
}

/* ---- records ---- */

/* @result: what a worker returned, or NULL */
static void set_record(struct engine *engine, uint32_t input, enum result_kind kind,
		       const char *why, const char *output, const struct worker_result *result)
{
	struct run_record *record = &engine->run->records[input];

	engine->done++;
	record->ran = true;
	/* It may be good in the other order: it stays a failure. */
	if (result_kinds[record->kind].fails)
		return;
	engine->failed += result_kinds[kind].fails;
	record_set(record, kind, why, output);
	if (!result)
		return;
	record->returned = true;
	record->not_run = result->not_run;
	record->unseen = result->unseen;
	record->fibers = result->fibers & (RULE_BIT(RULE_COUNT) - 1);
	record->threads = result->threads & (RULE_BIT(RULE_COUNT) - 1);
	record->reported = result->reported;
}

static void add_pending(struct engine *engine, uint32_t input, const struct unattributed *unattributed)
{
	if (engine->pending_count == engine->pending_room) {
		engine->pending_room = 2 * engine->pending_room + 64;
		engine->pending = checked_memory(
			realloc(engine->pending, engine->pending_room * sizeof(*engine->pending)));
	}
	engine->pending[engine->pending_count++] = (struct pending){ input, *unattributed };
}

static void append_history(struct unattributed *unattributed, const struct item_list *items,
			   size_t count)
{
	for (size_t i = 0; i < count; i++)
		unattributed->history[unattributed->ran++] = ITEM_INPUT(items->item[i]);
}

/* It failed after all that its worker ran before: earlier batches, and @before items of this one. */
static void recheck_after(struct engine *engine, unsigned int number, size_t position,
			  size_t before, enum result_kind kind, const char *why)
{
	const struct item_list *history = &engine->history[number], *batch = &engine->batches[number];
	struct unattributed unattributed = { .affected = ITEM_INPUT(batch->item[position]),
					     .kind = (uint8_t)kind };

	unattributed.history = checked_memory(
		malloc((history->count + before + 1) * sizeof(*unattributed.history)));
	append_history(&unattributed, history, history->count);
	append_history(&unattributed, batch, before);
	snprintf(unattributed.why, sizeof(unattributed.why), "%s", why);
	add_pending(engine, unattributed.affected, &unattributed);
}

static const char no_result[] = "the worker returned no result";

/* The worker may have written anything there. */
static void copy_why(char why[RUN_WHY], const struct worker_result *result)
{
	snprintf(why, RUN_WHY, "%.*s", RUN_WHY - 1, result->why);
}

/* Return: false if it failed so that the process may be damaged. */
static bool take_result(struct engine *engine, unsigned int number, size_t position)
{
	const struct worker_result result = engine->workers[number].control->results[position];
	uint32_t item = engine->batches[number].item[position], input = ITEM_INPUT(item);
	char why[RUN_WHY];

	copy_why(why, &result);
	if (result.kind >= RUN_KINDS) {
		recheck_after(engine, number, position, position, RUN_crash, no_result);
		return false;
	}
	engine->run->records[input].microseconds = result.microseconds;
	if (engine->digests[0])
		engine->digests[(item & RUN_SECOND) != 0][input] = result.digest;
	if (kind_spoils_process(result.kind)) {
		recheck_after(engine, number, position, position, result.kind, why);
		return false;
	}
	if (result.recheck)
		add_pending(engine, input,
			    &(struct unattributed){ .affected = input, .kind = result.kind });
	else if (!(item & RUN_AGAIN))
		set_record(engine, input, result.kind, why, NULL, &result);
	return true;
}

/* ---- batches ---- */

void engine_give_back(struct engine *engine, const struct item_list *batch, size_t from)
{
	for (size_t i = batch->count; i > from; i--)
		item_list_append(&engine->back, batch->item[i - 1]);
}

void engine_move_unchecked(struct engine *engine, unsigned int number)
{
	struct item_list *since = &engine->since[number];

	for (size_t i = 0; i < since->count; i++)
		item_list_append(&engine->unchecked, since->item[i]);
	since->count = 0;
}

static void add_since(struct engine *engine, unsigned int number, size_t count)
{
	const struct item_list *batch = &engine->batches[number];

	for (size_t i = 0; i < count && i < batch->count; i++)
		item_list_append(&engine->since[number], ITEM_INPUT(batch->item[i]));
}

/* The worker's process ends with its request unfinished: the items from @from on run elsewhere. */
static void abandon_batch(struct engine *engine, unsigned int number, size_t ran, size_t from)
{
	engine_give_back(engine, &engine->batches[number], from);
	add_since(engine, number, ran);
	engine_move_unchecked(engine, number);
	run_worker_end(&engine->workers[number]);
}

static void name_lost_memory(struct engine *engine, uint32_t input)
{
	struct run_record *record = &engine->run->records[input];

	engine->failed += !result_kinds[record->kind].fails;
	if (!result_kinds[record->kind].fails)
		record_set(record, RUN_leak, "LeakSanitizer finds memory that nothing points to", NULL);
}

static void finish_check_for_lost(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];
	struct item_list *since = &engine->since[number];

	if (!worker->control->lost || !since->count)
		return;
	if (!worker->control->has_lost) {
		since->count = 0;
		return;
	}
	if (!engine->lost_memory)
		engine->lost_after = since->item[0];
	engine->lost_memory = true;
	if (since->count == 1) {
		name_lost_memory(engine, since->item[0]);
		since->count = 0;
	}
	engine_move_unchecked(engine, number);
	run_worker_end(worker);
}

static void keep_history(struct item_list *history, const struct item_list *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		item_list_append(history, batch->item[i]);
}

static void finish_batch(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];
	struct item_list *batch = &engine->batches[number];
	uint32_t last = atomic_load(&worker->control->position);

	worker->state = WORKER_IDLE;
	for (uint32_t i = 0; i < batch->count && i <= last && last != UINT32_MAX; i++)
		if (!take_result(engine, number, i)) {
			abandon_batch(engine, number, i, i + 1);
			return;
		}
	/* It says that it is done, and has not run all of them. */
	if (batch->count && last != batch->count - 1) {
		size_t ran = last < batch->count ? last + 1 : 0;

		engine->broken |= ++engine->false_starts > FALSE_STARTS;
		abandon_batch(engine, number, ran, ran);
		return;
	}
	keep_history(&engine->history[number], batch);
	if (worker->control->looks_for_lost)
		add_since(engine, number, batch->count);
	finish_check_for_lost(engine, number);
}

static void finish_dead_batch(struct engine *engine, unsigned int number, int status)
{
	struct run_worker *worker = &engine->workers[number];
	struct item_list *batch = &engine->batches[number];
	uint32_t last = atomic_load(&worker->control->position);
	size_t done, from = 0;
	enum result_kind kind;
	char why[RUN_WHY];

	if (last < batch->count) {
		/* Where mappings are counted again, all items ran before, also those after it. */
		done = atomic_load(&worker->control->again) ? batch->count : last;
		for (size_t i = 0; i < done; i++)
			if (i != last)
				take_result(engine, number, i);
		kind = run_worker_death(worker, status, &engine->options->execution,
				    input_path(engine->list, ITEM_INPUT(batch->item[last])), why);
		recheck_after(engine, number, last, done, kind, why);
		from = done == last ? last + 1 : done;
		add_since(engine, number, done);
	} else if (++engine->false_starts > FALSE_STARTS && batch->count) {
		/* Alone its report is that of the process that ended, wherever that was. */
		recheck_after(engine, number, 0, 0, RUN_crash, "the worker ended before its first input");
		from = 1;
	}
	engine_give_back(engine, batch, from);
	engine_move_unchecked(engine, number);
	run_worker_release(worker);
}

/* ---- alone ---- */

void engine_add_unattributed(struct engine *engine, const struct unattributed *unattributed)
{
	engine->unattributed = checked_memory(
		realloc(engine->unattributed,
			(engine->unattributed_count + 1) * sizeof(*engine->unattributed)));
	engine->unattributed[engine->unattributed_count++] = *unattributed;
}

/* It did not fail alone. */
static void clear_pending(struct engine *engine, struct pending *pending,
			  const struct worker_result *result, const char *why)
{
	if (pending->unattributed.history)
		engine_add_unattributed(engine, &pending->unattributed);
	pending->unattributed.history = NULL;
	set_record(engine, pending->input, result->kind, why, NULL, result);
}

static void finish_alone(struct engine *engine, unsigned int number)
{
	struct run_worker *worker = &engine->workers[number];
	struct pending *pending = &engine->running[number];
	const struct worker_result result = worker->control->results[0];
	char why[RUN_WHY];

	copy_why(why, &result);
	if (result.kind >= RUN_KINDS)
		set_record(engine, pending->input, RUN_crash, no_result, worker->text, NULL);
	else if (result_kinds[result.kind].fails)
		set_record(engine, pending->input, result.kind, why, worker->text, &result);
	else
		clear_pending(engine, pending, &result, why);
	free(pending->unattributed.history);
	run_worker_end(worker);
}

static void finish_dead_alone(struct engine *engine, unsigned int number, int status)
{
	struct run_worker *worker = &engine->workers[number];
	struct pending *pending = &engine->running[number];
	char why[RUN_WHY];
	enum result_kind kind = run_worker_death(worker, status, &engine->options->execution,
					  input_path(engine->list, pending->input), why);

	set_record(engine, pending->input, kind, why, worker->text, NULL);
	free(pending->unattributed.history);
	run_worker_release(worker);
}

/* ---- both ---- */

void engine_finish(struct engine *engine, unsigned int number)
{
	if (engine->workers[number].alone)
		finish_alone(engine, number);
	else
		finish_batch(engine, number);
}

void engine_finish_dead(struct engine *engine, unsigned int number, int status)
{
	if (engine->workers[number].alone)
		finish_dead_alone(engine, number, status);
	else
		finish_dead_batch(engine, number, status);
}
