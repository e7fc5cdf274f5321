/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An input that fails after others and not alone. The history of its process is cut down, as
 * the minimiser cuts programs: pieces of it are left out, large ones first, as long as the input
 * still fails. Each try is a process of its own. Memory that is lost after several inputs, which
 * LeakSanitizer finds at their end, is searched for in the same way.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"
#include "tool/util/status.h"

/* Tries of one history; what is left then is not the smallest, and fails all the same. */
#define TRIES_MAX 300

struct search {
	struct engine *engine;
	const struct unattributed *seen;
	uint32_t *tried;	/* the inputs of a try, with room for the history and the affected input */
	uint64_t digest_alone;	/* of the affected input */
	unsigned int tries;
	bool is_refused; /* by the system: a process or memory for a try */
	char why[RUN_WHY];
};

/* What the last input of a try did, and its process. */
struct try_result {
	bool has_begun;
	enum result_kind kind; /* RUN_KINDS: the worker returned none */
	uint64_t digest;
	bool has_lost_memory;
	char why[RUN_WHY];
};

static const char *name_of(const struct search *search, uint32_t input)
{
	return input_name(search->engine->inputs->names[input]);
}

/* Return: can more inputs follow in this worker? */
static bool run_part_of_try(const struct search *search, struct run_worker *worker,
		      const uint32_t *inputs, uint32_t count, struct try_result *last)
{
	const struct worker_result *returned = &worker->control->results[count - 1];
	bool is_alive = run_worker_send_batch(worker, search->engine->inputs, inputs, count);
	uint32_t position;

	position = atomic_load(&worker->control->position);
	last->has_begun = position != NO_POSITION && position % count == count - 1;
	if (!is_alive) {
		last->kind = engine_describe_death(search->engine, worker, last->why);
		return false;
	}
	last->kind = returned->result.kind;
	last->digest = returned->result.digest;
	last->has_lost_memory = worker->control->has_lost_memory;
	snprintf(last->why, sizeof(last->why), "%.*s", RUN_WHY - 1, returned->why);
	return last->has_begun && last->kind < RUN_KINDS && !kind_spoils_process(last->kind);
}

/* Runs @inputs in one new process, in this order. Return: did the last one begin? */
static bool run_try(struct search *search, const uint32_t *inputs, size_t count,
		       struct try_result *last)
{
	static struct run_worker worker;
	size_t next = 0;
	bool is_fit = true;

	*last = (struct try_result){ .kind = RUN_KINDS };
	search->tries++;
	status("%s: looking for the inputs before %s: try %u", search->engine->run->flavour,
	       name_of(search, search->seen->affected), search->tries);
	if (!engine_start_worker(search->engine, &worker, false)) {
		search->is_refused = true;
		return false;
	}
	while (next < count && is_fit) {
		size_t some = count - next < RUN_BATCH ? count - next : RUN_BATCH;

		next += some;
		worker.control->must_check_lost = search->seen->is_lost_memory && next == count;
		is_fit = run_part_of_try(search, &worker, inputs + next - some, (uint32_t)some, last);
	}
	run_worker_end(&worker);
	return last->has_begun && next == count;
}

/* Does the failure come after these @count inputs? */
static bool reproduces(struct search *search, const uint32_t *history, size_t count)
{
	bool is_lost_memory = search->seen->is_lost_memory;
	struct try_result last;

	memmove(search->tried, history, count * sizeof(*history));
	search->tried[count] = search->seen->affected;
	if (!run_try(search, search->tried, count + !is_lost_memory, &last))
		return false;
	if (is_lost_memory)
		return last.has_lost_memory;
	if (last.kind < RUN_KINDS && !kind_spoils_process(last.kind)) {
		if (!search->engine->options->has_two_orders || last.digest == search->digest_alone)
			return false;
		snprintf(last.why, sizeof(last.why), "another outcome than alone");
	}
	memcpy(search->why, last.why, sizeof(search->why));
	return true;
}

/* Leaves out pieces of the history. Return: how many inputs are left. */
static size_t cut_down(struct search *search, uint32_t *history, size_t count)
{
	uint32_t *rest = checked_memory(malloc(count * sizeof(*rest)));

	for (size_t piece = (count + 1) / 2; piece && count > 1; piece /= 2)
		for (size_t start = 0; start < count && search->tries < TRIES_MAX;) {
			size_t len = count - start < piece ? count - start : piece;

			memcpy(rest, history, start * sizeof(*rest));
			memcpy(rest + start, history + start + len,
			       (count - start - len) * sizeof(*rest));
			if (len < count && reproduces(search, rest, count - len)) {
				count -= len;
				memcpy(history, rest, count * sizeof(*rest));
			} else {
				start += len;
			}
		}
	free(rest);
	return count;
}

/* ---- the record ---- */

/* Names the input, which fails after @count others of the history. */
static void set_history(const struct search *search, uint32_t input, enum result_kind kind,
			const char *why, const uint32_t *history, size_t count)
{
	struct run_record *record = &search->engine->run->records[input];

	record_set(record, kind, why, NULL);
	free(record->history);
	record->history_count = count + !search->seen->is_lost_memory;
	record->history = checked_memory(malloc(record->history_count * sizeof(*record->history)));
	memcpy(record->history, history, count * sizeof(*history));
	if (!search->seen->is_lost_memory)
		record->history[count] = search->seen->affected;
}

/* One input that is to blame is named, else the last one. */
static void name_failure(const struct search *search, const uint32_t *history, size_t count)
{
	uint32_t last = history[count - 1];
	char why[2 * RUN_WHY];

	if (search->seen->is_lost_memory) {
		snprintf(why, sizeof(why), "after it and %zu others: %s", count - 1, LOST_MEMORY);
		if (count == 1)
			record_set(&search->engine->run->records[last], RUN_leak, LOST_MEMORY, NULL);
		else
			set_history(search, last, RUN_state, why, history, count);
	} else if (count == 1) {
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 name_of(search, search->seen->affected), search->why);
		set_history(search, last, RUN_corrupts, why, history, count);
	} else {
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 name_of(search, last), search->why);
		set_history(search, search->seen->affected, RUN_state, why, history, count);
	}
}

static void name_as_seen(const struct search *search)
{
	const struct unattributed *seen = search->seen;
	enum result_kind kind = search->is_refused && !seen->is_lost_memory ? seen->kind : RUN_flaky;
	char why[2 * RUN_WHY];

	if (search->is_refused)
		snprintf(why, sizeof(why),
			 "%s; expected processes and memory to find out after what, got none", seen->why);
	else
		snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
			 result_kinds[seen->kind].name, seen->why, seen->history_count);
	record_set(&search->engine->run->records[seen->affected], kind, why, NULL);
}

static bool has_input(const uint32_t *history, size_t count, uint32_t input)
{
	for (size_t i = 0; i < count; i++)
		if (history[i] == input)
			return true;
	return false;
}

/* Return: how many inputs the history is cut down to; 0: it did not fail again. */
static size_t find_history(struct search *search, uint32_t *history, size_t count)
{
	static uint32_t last_culprit = UINT32_MAX; /* of the last search: often of this one too */

	if (!count || !reproduces(search, history, count))
		return 0;
	if (has_input(history, count, last_culprit) && reproduces(search, &last_culprit, 1)) {
		history[0] = last_culprit;
		return 1;
	}
	count = cut_down(search, history, count);
	last_culprit = count == 1 ? history[0] : UINT32_MAX;
	return count;
}

/* Each input that loses memory is named: the others are checked without it. */
static bool find_lost_memory(struct search *search, uint32_t *history)
{
	size_t rest = search->seen->history_count, count;
	bool is_found = false;

	do {
		uint32_t *cut = checked_memory(malloc(rest * sizeof(*cut)));

		memcpy(cut, history, rest * sizeof(*cut));
		search->tries = 0;
		count = find_history(search, cut, rest);
		if (count)
			name_failure(search, cut, count);
		is_found |= count;
		for (size_t i = rest; count && i-- > 0;)
			if (has_input(cut, count, history[i]))
				memmove(history + i, history + i + 1,
					(rest-- - i - 1) * sizeof(*history));
		free(cut);
	} while (count && rest);
	return is_found;
}

static bool find_culprits(struct search *search, uint32_t *history)
{
	struct try_result alone;
	size_t count;

	if (search->seen->is_lost_memory)
		return find_lost_memory(search, history);
	run_try(search, &search->seen->affected, 1, &alone);
	search->digest_alone = alone.digest;
	count = search->is_refused ? 0 : find_history(search, history, search->seen->history_count);
	if (count)
		name_failure(search, history, count);
	return count;
}

void find_interaction(struct engine *engine, const struct unattributed *seen)
{
	struct search search = { .engine = engine, .seen = seen };

	search.tried = malloc((seen->history_count + 1) * sizeof(*search.tried));
	search.is_refused = !search.tried || engine->is_broken;
	if (search.is_refused || !find_culprits(&search, seen->history))
		name_as_seen(&search);
	free(search.tried);
}
