/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An input that fails after others and not alone. The history of its process is cut down, as
 * the minimiser cuts programs: pieces of it are left out, large ones first, as long as the input
 * still fails. Each try is a process of its own.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine.h"
#include "tool/run/worker_process.h"
#include "tool/util/status.h"

/* Tries of one history; what is left then is not the smallest, and fails all the same. */
#define TRIES_MAX 300

struct search {
	const struct run_options *options;
	const struct input_list *list;
	struct flavour_run *run;
	uint32_t affected;
	uint32_t *sequence; /* a try, with room for the history and the affected input */
	uint64_t digest;    /* of the affected input alone */
	unsigned int tries;
	bool refused;	    /* by the system: a process or memory for a try */
	char why[RUN_WHY];
};

/* The result of the last input of a sequence. */
struct last_result {
	bool began;
	enum result_kind kind; /* RUN_KINDS: the worker returned none */
	uint64_t digest;
	char why[RUN_WHY];
};

/* Return: can more inputs follow in this worker? */
static bool run_some(const struct search *search, struct run_worker *worker, const uint32_t *inputs,
		     uint32_t count, struct last_result *last)
{
	const struct worker_result *result = &worker->control->results[count - 1];
	int status;
	bool alive;

	run_worker_send_batch(worker, inputs, count);
	alive = run_worker_finish_request(worker, &search->options->execution, &status);
	last->began = atomic_load(&worker->control->position) == count - 1;
	if (!alive) {
		last->kind = run_worker_death(worker, status, &search->options->execution,
					  input_path(search->list, inputs[count - 1]), last->why);
		run_worker_release(worker);
		return false;
	}
	last->kind = result->kind;
	last->digest = result->digest;
	snprintf(last->why, sizeof(last->why), "%.*s", RUN_WHY - 1, result->why);
	return last->began && last->kind < RUN_KINDS && !kind_spoils_process(last->kind);
}

/* Runs all @inputs in one new process, in this order. Return: did the last one begin? */
static bool run_sequence(struct search *search, const uint32_t *inputs, size_t count,
			 struct last_result *last)
{
	const struct run_worker_options options = { .path = search->options->path,
						.list = search->list,
						.execution = search->options->execution,
						.megabytes = search->options->megabytes };
	static struct run_worker worker;
	size_t next = 0;

	*last = (struct last_result){ .began = false };
	search->run->starts++;
	search->tries++;
	status("%s: looking for the inputs before %s: try %u", search->run->flavour,
	       input_name(search->list, search->affected), search->tries);
	if (!run_worker_start(&worker, &options)) {
		search->refused = true;
		return false;
	}
	while (next < count) {
		size_t some = count - next < RUN_BATCH ? count - next : RUN_BATCH;

		worker.control->digests = search->options->orders;
		next += some;
		if (!run_some(search, &worker, inputs + next - some, (uint32_t)some, last))
			break;
	}
	run_worker_end(&worker);
	return last->began && next == count;
}

/* Does the affected input fail after these @count others? */
static bool reproduces(struct search *search, const uint32_t *others, size_t count)
{
	struct last_result last;

	memmove(search->sequence, others, count * sizeof(*others));
	search->sequence[count] = search->affected;
	if (!run_sequence(search, search->sequence, count + 1, &last))
		return false;
	if (last.kind < RUN_KINDS && !kind_spoils_process(last.kind)) {
		if (!search->options->orders || last.digest == search->digest)
			return false;
		snprintf(last.why, sizeof(last.why), "another outcome than alone");
	}
	memcpy(search->why, last.why, sizeof(search->why));
	return true;
}

/* The history without the @len inputs at @at. */
static bool reproduces_without(struct search *search, const uint32_t *history, size_t count,
			       size_t at, size_t len, uint32_t *rest)
{
	memcpy(rest, history, at * sizeof(*rest));
	memcpy(rest + at, history + at + len, (count - at - len) * sizeof(*rest));
	return reproduces(search, rest, count - len);
}

/* Return: how many inputs are left. */
static size_t cut_down(struct search *search, uint32_t *history, size_t count)
{
	uint32_t *rest = malloc((count + 1) * sizeof(*rest));

	for (size_t piece = (count + 1) / 2; rest && piece && count > 1; piece /= 2)
		for (size_t at = 0; at < count && search->tries < TRIES_MAX;) {
			size_t len = count - at < piece ? count - at : piece;

			if (len < count && reproduces_without(search, history, count, at, len, rest)) {
				count -= len;
				memcpy(history, rest, count * sizeof(*rest));
			} else {
				at += len;
			}
		}
	free(rest);
	return count;
}

/* ---- the record ---- */

static void set_sequence(const struct search *search, struct run_record *record,
			 const uint32_t *others, size_t count)
{
	free(record->sequence);
	record->sequence = malloc((count + 1) * sizeof(*record->sequence));
	if (!record->sequence)
		return;
	memcpy(record->sequence, others, count * sizeof(*others));
	record->sequence[count] = search->affected;
	record->sequence_count = count + 1;
}

/* One input that is to blame is named, else the affected one. */
static void name_failure(const struct search *search, const uint32_t *others, size_t count)
{
	uint32_t input = count == 1 ? others[0] : search->affected;
	struct run_record *record = &search->run->records[input];
	char why[2 * RUN_WHY];

	if (count == 1)
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 input_name(search->list, search->affected), search->why);
	else
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 input_name(search->list, others[count - 1]), search->why);
	record_set(record, count == 1 ? RUN_corrupts : RUN_state, why, NULL);
	set_sequence(search, record, others, count);
}

static void name_as_seen(const struct search *search, const struct unattributed *unattributed)
{
	struct run_record *record = &search->run->records[search->affected];
	char why[2 * RUN_WHY];

	if (search->refused)
		snprintf(why, sizeof(why),
			 "%s; expected processes and memory to find out after what, got none",
			 unattributed->why);
	else
		snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
			 result_kinds[unattributed->kind].name, unattributed->why, unattributed->ran);
	record_set(record, search->refused ? unattributed->kind : RUN_flaky, why, NULL);
}

static bool has_input(const uint32_t *history, size_t count, uint32_t input)
{
	for (size_t i = 0; i < count; i++)
		if (history[i] == input)
			return true;
	return false;
}

/* Return: false if it did not fail again. */
static bool search_history(struct search *search, struct unattributed *unattributed)
{
	static uint32_t last_culprit = UINT32_MAX; /* of the last search: often of this one too */
	uint32_t *history = unattributed->history;
	struct last_result alone;
	size_t count = unattributed->ran;

	run_sequence(search, &search->affected, 1, &alone);
	search->digest = alone.digest;
	if (search->refused || !reproduces(search, history, count))
		return false;
	if (has_input(history, count, last_culprit) && reproduces(search, &last_culprit, 1)) {
		history[0] = last_culprit;
		count = 1;
	} else {
		count = cut_down(search, history, count);
	}
	last_culprit = count == 1 ? history[0] : UINT32_MAX;
	name_failure(search, history, count);
	return true;
}

void find_interaction(const struct run_options *options, const struct input_list *list,
		      struct flavour_run *run, struct unattributed *unattributed)
{
	struct search search = { .options = options, .list = list, .run = run,
				 .affected = unattributed->affected };

	search.sequence = malloc((unattributed->ran + 1) * sizeof(*search.sequence));
	search.refused = !search.sequence;
	if (search.refused || !unattributed->ran || !search_history(&search, unattributed))
		name_as_seen(&search, unattributed);
	free(search.sequence);
}
