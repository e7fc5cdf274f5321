/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds earlier inputs after which an input fails that is good alone. The search halves the history of
 * the process as long as the input fails after one of the halves. Each try is a process of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"

struct history_search {
	struct engine *engine;
	uint32_t affected_input;
	bool lacks_resources; /* a try got no process or no memory */
	uint32_t *try_inputs; /* the inputs of a try: a part of the history, and the affected input */
	struct worker_result last_failure; /* of the affected input */
};

static const char *find_input_name(const struct history_search *search, uint32_t input)
{
	return input_display_name(search->engine->inputs->names[input]);
}

/* ---- tries ---- */

/*
 * Runs a batch. Return: false if its last input did not begin.
 * @last: gets the result of that input
 */
static bool run_batch_of_try(const struct history_search *search, struct run_worker *worker,
			     const uint32_t *inputs, uint32_t count, struct worker_result *last)
{
	bool is_alive = run_worker_send_batch(worker, search->engine->inputs, inputs, count);
	uint32_t position = atomic_load(&worker->control->position);

	if (is_alive)
		run_worker_read_result(worker, count - 1, last);
	else
		engine_describe_death(search->engine, worker, last);
	return position != NO_POSITION && position % count == count - 1;
}

/*
 * Return: whether the last input begins, and then fails or has another outcome than alone.
 * @last: gets its result
 */
static bool last_input_fails(const struct history_search *search, struct run_worker *worker,
			     size_t count, struct worker_result *last)
{
	const struct engine *engine = search->engine;
	const struct input_result *alone = &engine->run->records[search->affected_input].result;

	/* The affected input is in one batch with inputs before it: the worker does more after a batch. */
	for (size_t next = 0, size; next < count; next += size) {
		size = count - next < RUN_BATCH ? count - next : RUN_BATCH;
		if (!run_batch_of_try(search, worker, search->try_inputs + next, (uint32_t)size, last))
			return false;
		if (kind_may_damage_process(last->result.kind))
			return next + size == count;
	}
	if (!engine->options->has_two_orders || last->result.outcome_digest == alone->outcome_digest)
		return false;
	strcpy(last->why, "another outcome than alone");
	return true;
}

/* Return: whether the affected input fails in a new process after these @count inputs. */
static bool history_reproduces(struct history_search *search, const uint32_t *history, size_t count)
{
	struct worker_result last;
	struct run_worker worker;
	bool has_failed;

	if (!engine_start_worker(search->engine, &worker, false)) {
		search->lacks_resources = true;
		return false;
	}
	memcpy(search->try_inputs, history, count * sizeof(*history));
	search->try_inputs[count] = search->affected_input;
	has_failed = last_input_fails(search, &worker, count + 1, &last);
	if (has_failed)
		search->last_failure = last;
	run_worker_end(&worker);
	return has_failed;
}

/* Halves the history at @history while the input fails after a half. Return: how many inputs are left. */
static size_t halve_history(struct history_search *search, const uint32_t **history, size_t count)
{
	while (count > 1) {
		size_t half = count / 2;

		if (history_reproduces(search, *history + half, count - half)) {
			*history += half;
			count -= half;
		} else if (history_reproduces(search, *history, half)) {
			count = half;
		} else {
			break;
		}
	}
	return count;
}

/* ---- the record ---- */

/* If one earlier input causes the failure, its record gets the result, else the affected input's. */
static void record_history(const struct history_search *search, const uint32_t *history, size_t count)
{
	uint32_t last = history[count - 1];
	bool is_corruption = count == 1;
	struct run_record *record =
		&search->engine->run->records[is_corruption ? last : search->affected_input];
	char why[2 * RUN_WHY];

	if (is_corruption)
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 find_input_name(search, search->affected_input), search->last_failure.why);
	else
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 find_input_name(search, last), search->last_failure.why);
	record_set_result(record, is_corruption ? RUN_corrupts : RUN_state, why, NULL);
	free(record->failing_sequence);
	record->failing_sequence_count = count + 1;
	record->failing_sequence =
		require_memory(malloc((count + 1) * sizeof(*record->failing_sequence)));
	memcpy(record->failing_sequence, history, count * sizeof(*history));
	record->failing_sequence[count] = search->affected_input;
}

static void record_first_failure(const struct history_search *search,
				 const struct worker_result *first, size_t earlier_count)
{
	enum result_kind kind = search->lacks_resources ? first->result.kind : RUN_flaky;
	char why[2 * RUN_WHY];

	if (search->lacks_resources)
		snprintf(why, sizeof(why),
			 "%s; expected processes and memory to find out after what, got none", first->why);
	else
		snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
			 result_kinds[first->result.kind].name, first->why, earlier_count);
	record_set_result(&search->engine->run->records[search->affected_input], kind, why, NULL);
}

static void record_responsible_input(struct job *job, struct history_search *search, size_t count,
				     const struct worker_result *first)
{
	const uint32_t *history = job->history.indices;
	size_t earlier_count = count;

	if (job->has_culprit && history_reproduces(search, &job->culprit, 1)) {
		history = &job->culprit;
		count = 1;
	} else if (!count || !history_reproduces(search, history, count)) {
		record_first_failure(search, first, earlier_count);
		return;
	}
	count = halve_history(search, &history, count);
	record_history(search, history, count);
	job->has_culprit = count == 1;
	job->culprit = history[0];
}

void find_failing_history(struct job *job, size_t index, const struct worker_result *first)
{
	struct history_search search = { .engine = job->engine,
					 .affected_input = job->history.indices[index],
					 .try_inputs = malloc((index + 2) * sizeof(uint32_t)) };

	search.lacks_resources = !search.try_inputs;
	if (search.lacks_resources)
		record_first_failure(&search, first, index);
	else
		record_responsible_input(job, &search, index, first);
	free(search.try_inputs);
}
