/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Minimises the earlier inputs of an input that fails only after others. Like the minimiser of programs,
 * the search leaves out pieces of the history, large pieces first, as long as the input still fails. Each
 * try is a process of its own. The same search finds the inputs that leak memory.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"
#include "tool/util/status.h"

/* The most tries for one history. The history that is left then still fails, but may not be minimal. */
#define TRIES_MAX 300

struct interaction_search {
	struct engine *engine;
	const struct unattributed_failure *seen;
	uint32_t *try_inputs; /* the inputs of a try, with room for the history and the affected
				 input */
	uint64_t outcome_digest_alone;	/* of the affected input */
	unsigned int try_count;
	bool lacks_resources; /* a try got no process or no memory */
	char why[RUN_WHY];
};

/* The result of the last input of a try, and of its process. */
struct try_result {
	bool has_begun;
	enum result_kind kind; /* RUN_KINDS: the worker returned no result */
	uint64_t outcome_digest;
	bool has_leaked_memory;
	char why[RUN_WHY];
};

static const char *find_input_name(const struct interaction_search *search, uint32_t input)
{
	return input_display_name(search->engine->inputs->names[input]);
}

/* Return: whether this worker can run more inputs. */
static bool run_part_of_try(const struct interaction_search *search, struct run_worker *worker,
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
	last->outcome_digest = returned->result.outcome_digest;
	last->has_leaked_memory = worker->control->has_leaked_memory;
	snprintf(last->why, sizeof(last->why), "%.*s", RUN_WHY - 1, returned->why);
	return last->has_begun && last->kind < RUN_KINDS && !kind_may_damage_process(last->kind);
}

/* Runs @inputs in one new process, in this order. Return: whether the last input began. */
static bool run_try(struct interaction_search *search, const uint32_t *inputs, size_t count,
		       struct try_result *last)
{
	static struct run_worker worker;
	size_t next = 0;
	bool is_fit = true;

	*last = (struct try_result){ .kind = RUN_KINDS };
	search->try_count++;
	status_print("%s: looking for the inputs before %s: try %u", search->engine->run->flavour,
	       find_input_name(search, search->seen->affected_input), search->try_count);
	if (!engine_start_worker(search->engine, &worker, false)) {
		search->lacks_resources = true;
		return false;
	}
	while (next < count && is_fit) {
		size_t some = count - next < RUN_BATCH ? count - next : RUN_BATCH;

		next += some;
		worker.control->must_check_leaks = search->seen->is_leak && next == count;
		is_fit = run_part_of_try(search, &worker, inputs + next - some, (uint32_t)some, last);
	}
	run_worker_end(&worker);
	return last->has_begun && next == count;
}

/* Does the failure come after these @count inputs? */
static bool history_reproduces(struct interaction_search *search, const uint32_t *history,
			       size_t count)
{
	bool is_leak = search->seen->is_leak;
	struct try_result last;

	memmove(search->try_inputs, history, count * sizeof(*history));
	search->try_inputs[count] = search->seen->affected_input;
	if (!run_try(search, search->try_inputs, count + !is_leak, &last))
		return false;
	if (is_leak)
		return last.has_leaked_memory;
	if (last.kind < RUN_KINDS && !kind_may_damage_process(last.kind)) {
		if (!search->engine->options->has_two_orders ||
		    last.outcome_digest == search->outcome_digest_alone)
			return false;
		snprintf(last.why, sizeof(last.why), "another outcome than alone");
	}
	memcpy(search->why, last.why, sizeof(search->why));
	return true;
}

/* Leaves out pieces of the history. Return: how many inputs are left. */
static size_t minimise_history(struct interaction_search *search, uint32_t *history, size_t count)
{
	uint32_t *rest = memory_or_exit(malloc(count * sizeof(*rest)));

	for (size_t piece = (count + 1) / 2; piece && count > 1; piece /= 2)
		for (size_t start = 0; start < count && search->try_count < TRIES_MAX;) {
			size_t len = count - start < piece ? count - start : piece;

			memcpy(rest, history, start * sizeof(*rest));
			memcpy(rest + start, history + start + len,
			       (count - start - len) * sizeof(*rest));
			if (len < count && history_reproduces(search, rest, count - len)) {
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

/* Sets the result of an input, and the @count inputs of the history that it needs to fail. */
static void set_failing_sequence(const struct interaction_search *search, uint32_t input,
				 enum result_kind kind, const char *why, const uint32_t *history,
				 size_t count)
{
	struct run_record *record = &search->engine->run->records[input];

	record_set_result(record, kind, why, NULL);
	free(record->failing_sequence);
	record->failing_sequence_count = count + !search->seen->is_leak;
	record->failing_sequence = memory_or_exit(
		malloc(record->failing_sequence_count * sizeof(*record->failing_sequence)));
	memcpy(record->failing_sequence, history, count * sizeof(*history));
	if (!search->seen->is_leak)
		record->failing_sequence[count] = search->seen->affected_input;
}

/* If one earlier input causes the failure, its record gets the result, else the affected input's. */
static void record_interaction(const struct interaction_search *search, const uint32_t *history,
			       size_t count)
{
	uint32_t last = history[count - 1];
	char why[2 * RUN_WHY];

	if (search->seen->is_leak) {
		snprintf(why, sizeof(why), "after it and %zu others: %s", count - 1, LEAK_FOUND);
		if (count == 1)
			record_set_result(&search->engine->run->records[last], RUN_leak, LEAK_FOUND,
					  NULL);
		else
			set_failing_sequence(search, last, RUN_state, why, history, count);
	} else if (count == 1) {
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 find_input_name(search, search->seen->affected_input), search->why);
		set_failing_sequence(search, last, RUN_corrupts, why, history, count);
	} else {
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 find_input_name(search, last), search->why);
		set_failing_sequence(search, search->seen->affected_input, RUN_state, why, history,
				     count);
	}
}

static void record_first_failure(const struct interaction_search *search)
{
	const struct unattributed_failure *seen = search->seen;
	enum result_kind kind = search->lacks_resources && !seen->is_leak ? seen->kind : RUN_flaky;
	char why[2 * RUN_WHY];

	if (search->lacks_resources)
		snprintf(why, sizeof(why),
			 "%s; expected processes and memory to find out after what, got none", seen->why);
	else
		snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
			 result_kinds[seen->kind].name, seen->why, seen->earlier_input_count);
	record_set_result(&search->engine->run->records[seen->affected_input], kind, why, NULL);
}

static bool history_has_input(const uint32_t *history, size_t count, uint32_t input)
{
	for (size_t i = 0; i < count; i++)
		if (history[i] == input)
			return true;
	return false;
}

/* Return: the number of inputs in the minimised history; 0: the failure was not reproduced. */
static size_t find_minimal_history(struct interaction_search *search, uint32_t *history, size_t count)
{
	static uint32_t last_culprit = UINT32_MAX; /* of the last search: often the cause again */

	if (!count || !history_reproduces(search, history, count))
		return 0;
	if (history_has_input(history, count, last_culprit) &&
	    history_reproduces(search, &last_culprit, 1)) {
		history[0] = last_culprit;
		return 1;
	}
	count = minimise_history(search, history, count);
	last_culprit = count == 1 ? history[0] : UINT32_MAX;
	return count;
}

/* Finds all leaking inputs: after each one the search continues without it. */
static bool find_leaking_inputs(struct interaction_search *search, uint32_t *history)
{
	size_t rest = search->seen->earlier_input_count, count;
	bool is_found = false;

	do {
		uint32_t *cut = memory_or_exit(malloc(rest * sizeof(*cut)));

		memcpy(cut, history, rest * sizeof(*cut));
		search->try_count = 0;
		count = find_minimal_history(search, cut, rest);
		if (count)
			record_interaction(search, cut, count);
		is_found |= count;
		for (size_t i = rest; count && i-- > 0;)
			if (history_has_input(cut, count, history[i]))
				memmove(history + i, history + i + 1,
					(rest-- - i - 1) * sizeof(*history));
		free(cut);
	} while (count && rest);
	return is_found;
}

static bool find_responsible_inputs(struct interaction_search *search, uint32_t *history)
{
	struct try_result alone;
	size_t count;

	if (search->seen->is_leak)
		return find_leaking_inputs(search, history);
	run_try(search, &search->seen->affected_input, 1, &alone);
	search->outcome_digest_alone = alone.outcome_digest;
	count = search->lacks_resources
			? 0
			: find_minimal_history(search, history, search->seen->earlier_input_count);
	if (count)
		record_interaction(search, history, count);
	return count;
}

void find_interacting_inputs(struct engine *engine, const struct unattributed_failure *seen)
{
	struct interaction_search search = { .engine = engine, .seen = seen };

	search.try_inputs = malloc((seen->earlier_input_count + 1) * sizeof(*search.try_inputs));
	search.lacks_resources = !search.try_inputs || engine->is_broken;
	if (search.lacks_resources || !find_responsible_inputs(&search, seen->earlier_inputs))
		record_first_failure(&search);
	free(search.try_inputs);
}
