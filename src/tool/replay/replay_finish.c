/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Who is named, and why nobody else is:
 *
 *   1. A worker tells which input it begins before it begins it, where its death leaves it.
 *   2. An input that fails, and one that ends its worker, spoils the process: the others of
 *      its batch are given to a new one.
 *   3. What failed runs again, alone in a process that ran nothing before. What fails there
 *      is named, by what it does there.
 *   4. What does not is the affected of others: replay_find_interaction() looks for who it was.
 *   5. What the heap or the descriptors grew by is a suspicion only, and ends at 3.
 *   6. LeakSanitizer looks now and then, and at the end. What it finds is one of 5, or all
 *      since its last clean look are taken apart (replay_find_lost).
 *   7. Mappings are counted at the end of an batch. Where an batch has no end, because an
 *      input failed, those before the input run again in another batch.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/replay/replay_run.h"

/* A worker that cannot begin is tried so often. */
#define FALSE_STARTS 5

void replay_row_set(struct replay_row *row, enum replay_kind kind, const char *why,
		    const char *output)
{
	row->kind = (uint8_t)kind;
	free(row->why);
	free(row->output);
	row->why = why && *why ? strdup(why) : NULL;
	row->output = output && *output ? strdup(output) : NULL;
}

void *replay_sure(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "pagetorture replay: expected memory, got none\n");
	exit(2);
}

void replay_add(struct replay_items *items, uint32_t item)
{
	if (items->count == items->room) {
		items->room = 2 * items->room + 64;
		items->item = replay_sure(realloc(items->item, items->room * sizeof(*items->item)));
	}
	items->item[items->count++] = item;
}

/* ---- rows ---- */

static void settle(struct replay_run *run, uint32_t input, enum replay_kind kind, const char *why,
		   const char *output)
{
	struct replay_row *row = &run->column->rows[input];

	run->done++;
	row->asked = true;
	/* In another order it may be good; that makes it no better. */
	if (replay_kinds[row->kind].fails)
		return;
	run->failed += replay_kinds[kind].fails;
	replay_row_set(row, kind, why, output);
}

static void recheck(struct replay_run *run, uint32_t input, struct replay_unattributed *unattributed)
{
	if (run->suspected == run->room) {
		run->room = 2 * run->room + 64;
		run->suspects = replay_sure(realloc(run->suspects, run->room * sizeof(*run->suspects)));
	}
	run->suspects[run->suspected++] = (struct replay_suspect){ input, *unattributed };
}

/*
 * It failed, or ended its worker, after what its worker did before: inputs of earlier batches, and
 * the first @before of this one.
 */
static void suspect_after(struct replay_run *run, const struct replay_worker *worker, uint32_t position,
			  uint32_t before, enum replay_kind kind, const char *why)
{
	struct replay_unattributed unattributed = { .affected = worker->control->inputs[position],
					.ran = worker->ran + before,
					.kind = (uint8_t)kind };

	unattributed.history = replay_sure(malloc((unattributed.ran + 1) * sizeof(*unattributed.history)));
	memcpy(unattributed.history, worker->history, worker->ran * sizeof(*unattributed.history));
	memcpy(unattributed.history + worker->ran, worker->control->inputs, before * sizeof(*unattributed.history));
	snprintf(unattributed.why, sizeof(unattributed.why), "%s", why);
	recheck(run, unattributed.affected, &unattributed);
}

static void recheck_failed(struct replay_run *run, const struct replay_worker *worker, uint32_t position,
			   enum replay_kind kind, const char *why)
{
	suspect_after(run, worker, position, position, kind, why);
}

static const char untold[] = "its worker says that it is done, and not what came of it";

/* It may hold anything. */
static void copy_why(char why[REPLAY_WHY], const struct replay_result *result)
{
	snprintf(why, REPLAY_WHY, "%.*s", REPLAY_WHY - 1, result->why);
}

static void take_result(struct replay_run *run, const struct replay_worker *worker, uint32_t position,
			uint32_t item)
{
	const struct replay_result *result = &worker->control->results[position];
	uint32_t input = REPLAY_INPUT(item);
	char why[REPLAY_WHY];

	copy_why(why, result);
	if (result->kind < REPLAY_KINDS)
		run->column->rows[input].microseconds = result->microseconds;
	if (run->digests[0])
		run->digests[(item & REPLAY_SECOND) != 0][input] = result->digest;
	if (result->kind >= REPLAY_KINDS)
		recheck_failed(run, worker, position, REPLAY_crash, untold);
	else if (replay_distrusts(result->kind))
		recheck_failed(run, worker, position, result->kind, why);
	else if (result->recheck)
		recheck(run, input, &(struct replay_unattributed){ .affected = input, .kind = result->kind });
	else if (!(item & REPLAY_AGAIN))
		settle(run, input, result->kind, why, NULL);
}

/* ---- batches ---- */

/* With two orders there may be more than there is room for: the oldest are forgotten. */
static void remember(struct replay_worker *worker, uint32_t count)
{
	const size_t most = REPLAY_BATCHES * REPLAY_BATCH;

	if (worker->ran + count > most) {
		worker->ran -= most / 2;
		memmove(worker->history, worker->history + most / 2,
			worker->ran * sizeof(*worker->history));
	}
	memcpy(worker->history + worker->ran, worker->control->inputs, count * sizeof(*worker->history));
	worker->ran += count;
}

void replay_give_back(struct replay_run *run, const struct replay_items *batch, size_t from)
{
	for (size_t i = batch->count; i > from; i--)
		replay_add(&run->back, batch->item[i - 1]);
}

void replay_move_since(struct replay_run *run, unsigned int number, struct replay_items *to)
{
	struct replay_items *since = &run->since[number];

	for (size_t i = 0; i < since->count; i++)
		replay_add(to, since->item[i]);
	since->count = 0;
}

static void add_since(struct replay_run *run, unsigned int number, size_t count)
{
	const struct replay_items *batch = &run->batches[number];

	for (size_t i = 0; i < count && i < batch->count; i++)
		replay_add(&run->since[number], REPLAY_INPUT(batch->item[i]));
}

static void finish_look(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];

	if (!worker->control->lost)
		return;
	if (!worker->control->has_lost) {
		run->since[number].count = 0;
		return;
	}
	run->saw_lost = true;
	replay_move_since(run, number, &run->lost);
	replay_worker_end(worker);
}

static void finish_batch(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];
	struct replay_items *batch = &run->batches[number];
	uint32_t last = atomic_load(&worker->control->position);

	worker->state = REPLAY_WORKER_IDLE;
	for (uint32_t i = 0; i < batch->count && i <= last && last != UINT32_MAX; i++) {
		take_result(run, worker, i, batch->item[i]);
		if (worker->control->results[i].kind < REPLAY_KINDS &&
		    !replay_distrusts(worker->control->results[i].kind))
			continue;
		replay_give_back(run, batch, i + 1);
		add_since(run, number, i);
		replay_move_since(run, number, &run->unchecked);
		replay_worker_end(worker);
		return;
	}
	/* Whatever made it say so: it has not done them all. */
	if (batch->count && last != batch->count - 1) {
		run->broken |= ++run->false_starts > FALSE_STARTS;
		replay_give_back(run, batch, last < batch->count ? last + 1 : 0);
		add_since(run, number, last < batch->count ? last + 1 : 0);
		replay_move_since(run, number, &run->unchecked);
		replay_worker_end(worker);
		return;
	}
	remember(worker, (uint32_t)batch->count);
	if (worker->control->looks_for_lost)
		add_since(run, number, batch->count);
	finish_look(run, number);
}

static void finish_dead_batch(struct replay_run *run, unsigned int number, int status)
{
	struct replay_worker *worker = &run->workers[number];
	struct replay_items *batch = &run->batches[number];
	uint32_t last = atomic_load(&worker->control->position), done;
	char why[REPLAY_WHY];

	if (last >= batch->count) {
		run->broken |= ++run->false_starts > FALSE_STARTS;
		replay_give_back(run, batch, 0);
		replay_move_since(run, number, &run->unchecked);
		replay_worker_clear(worker);
		return;
	}
	/* Where inputs were run again, all of them have run before: also those behind it. */
	done = atomic_load(&worker->control->again) ? (uint32_t)batch->count : last;
	for (uint32_t i = 0; i < done; i++)
		if (i != last)
			take_result(run, worker, i, batch->item[i]);
	suspect_after(run, worker, last, done,
		      replay_worker_death(worker, status, run->options,
				 replay_name(run->list, worker->control->inputs[last]), why),
		      why);
	replay_give_back(run, batch, done == last ? last + 1 : done);
	add_since(run, number, done);
	replay_move_since(run, number, &run->unchecked);
	replay_worker_clear(worker);
}

/* ---- alone ---- */

void replay_unattributed_over(struct replay_run *run, const struct replay_suspect *held)
{
	run->unattributed = replay_sure(realloc(
		run->unattributed, (run->unattributed_count + 1) * sizeof(*run->unattributed)));
	run->unattributed[run->unattributed_count++] = *held;
}

static void clear_recheck(struct replay_run *run, struct replay_suspect *held, enum replay_kind kind,
		   const char *why)
{
	if (held->unattributed.history)
		replay_unattributed_over(run, held);
	held->unattributed.history = NULL;
	settle(run, held->input, kind, why, NULL);
}

static void finish_alone(struct replay_run *run, unsigned int number)
{
	struct replay_worker *worker = &run->workers[number];
	struct replay_suspect *held = &run->held[number];
	const struct replay_result *result = &worker->control->results[0];
	char why[REPLAY_WHY];

	copy_why(why, result);
	if (result->kind >= REPLAY_KINDS)
		settle(run, held->input, REPLAY_crash, untold, worker->text);
	else if (replay_kinds[result->kind].fails)
		settle(run, held->input, result->kind, why, worker->text);
	else
		clear_recheck(run, held, result->kind, why);
	free(held->unattributed.history);
	replay_worker_end(worker);
}

static void finish_dead_alone(struct replay_run *run, unsigned int number, int status)
{
	struct replay_worker *worker = &run->workers[number];
	struct replay_suspect *held = &run->held[number];
	char why[REPLAY_WHY];
	enum replay_kind kind = replay_worker_death(worker, status, run->options,
					   replay_name(run->list, held->input), why);

	settle(run, held->input, kind, why, worker->text);
	free(held->unattributed.history);
	replay_worker_clear(worker);
}

/* ---- both ---- */

void replay_finish(struct replay_run *run, unsigned int number)
{
	if (run->workers[number].alone)
		finish_alone(run, number);
	else
		finish_batch(run, number);
}

void replay_finish_dead(struct replay_run *run, unsigned int number, int status)
{
	if (run->workers[number].alone)
		finish_dead_alone(run, number, status);
	else
		finish_dead_batch(run, number, status);
}
