/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For an input that fails in a batch but not alone, finds the earlier inputs of the process that make it
 * fail. The search halves the list of earlier inputs as long as the input fails after one of the halves. Each
 * try runs in a new process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/run/engine_parts.h"
#include "tool/run/input_list.h"

struct history_search {
	struct engine *engine;
	uint32_t affected_input;
	uint64_t digest_alone;                  /* of the outcome of the affected input */
	bool lacks_processes;                   /* a worker could not be started */
	uint32_t *tried_inputs;                 /* a part of the history, then the affected input */
	struct result_with_reason last_failure; /* of the affected input */
};

static const char *find_input_name(const struct history_search *search, uint32_t input)
{
	return input_display_name(search->engine->inputs->names[input]);
}

/* ---- tries ---- */

/*
 * Runs the first @count inputs of search->tried_inputs in the worker. Return: whether the worker reached the
 * last of these inputs, and that input failed or had another outcome than alone.
 * @result: gets the result of the last input.
 */
static bool last_tried_input_fails(const struct history_search *search, struct run_worker *worker,
				   size_t count, struct result_with_reason *result)
{
	const struct engine *engine = search->engine;

	/* The batches are as large as possible, because after each batch a worker also checks for growth. */
	for (size_t next = 0, size; next < count; next += size) {
		uint32_t position;

		size = count - next < BATCH_INPUTS_MAX ? count - next : BATCH_INPUTS_MAX;
		engine_run_batch(search->engine, worker, search->tried_inputs + next, (uint32_t)size, result);
		position = atomic_load(&worker->control->position);
		if (position == NO_POSITION || position % size != size - 1)
			return false;
		if (kind_may_damage_process(result->result.kind))
			return next + size == count;
	}
	if (!engine->options->has_two_orders || result->result.outcome_digest == search->digest_alone)
		return false;
	strcpy(result->why, "another outcome than alone");
	return true;
}

/* Runs the affected input in a new process after @count inputs of @history. Return: whether it fails. */
static bool affected_input_fails_after(struct history_search *search, const uint32_t *history, size_t count)
{
	struct result_with_reason result;
	struct run_worker worker;
	bool has_failed;

	if (!engine_start_worker(search->engine, &worker, false)) {
		search->lacks_processes = true;
		return false;
	}
	memcpy(search->tried_inputs, history, count * sizeof(*history));
	search->tried_inputs[count] = search->affected_input;
	has_failed = last_tried_input_fails(search, &worker, count + 1, &result);
	if (has_failed)
		search->last_failure = result;
	run_worker_kill_and_release(&worker);
	return has_failed;
}

/* Halves @history while the affected input fails after one of the halves. Return: the number that is left. */
static size_t halve_failing_history(struct history_search *search, const uint32_t **history, size_t count)
{
	while (count > 1) {
		size_t half = count / 2;

		if (affected_input_fails_after(search, *history + half, count - half)) {
			*history += half;
			count -= half;
		} else if (affected_input_fails_after(search, *history, half)) {
			count = half;
		} else {
			break;
		}
	}
	return count;
}

/* ---- the record ---- */

/*
 * If one earlier input causes the failure, that input gets the result `corrupts`. If several earlier inputs
 * cause the failure together, the affected input gets the result `state`.
 */
static void record_corruption_or_state_failure(const struct history_search *search, const uint32_t *history,
					       size_t count)
{
	uint32_t last_input = history[count - 1];
	bool is_corruption = count == 1;
	struct run_record *record =
		&search->engine->run->records[is_corruption ? last_input : search->affected_input];
	char why[2 * RESULT_WHY_SIZE];

	if (is_corruption)
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 find_input_name(search, search->affected_input), search->last_failure.why);
	else
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 find_input_name(search, last_input), search->last_failure.why);
	pthread_mutex_lock(&search->engine->lock);
	record_set_result(record, is_corruption ? RUN_corrupts : RUN_state, why, NULL);
	free(record->failing_sequence);
	record->failing_sequence_count = count + 1;
	record->failing_sequence = exit_if_no_memory(malloc((count + 1) * sizeof(*record->failing_sequence)));
	memcpy(record->failing_sequence, history, count * sizeof(*history));
	record->failing_sequence[count] = search->affected_input;
	pthread_mutex_unlock(&search->engine->lock);
}

static void record_unreproduced_failure(const struct history_search *search,
					const struct result_with_reason *first_result, size_t earlier_count)
{
	enum result_kind kind = search->lacks_processes ? first_result->result.kind : RUN_flaky;
	char why[2 * RESULT_WHY_SIZE];

	if (search->lacks_processes)
		snprintf(why, sizeof(why), "%s; expected processes to find out after what, got none",
			 first_result->why);
	else if (!earlier_count)
		snprintf(why, sizeof(why), "%s: %s; not again alone",
			 result_kinds[first_result->result.kind].name, first_result->why);
	else
		snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
			 result_kinds[first_result->result.kind].name, first_result->why, earlier_count);
	pthread_mutex_lock(&search->engine->lock);
	record_set_result(&search->engine->run->records[search->affected_input], kind, why, NULL);
	pthread_mutex_unlock(&search->engine->lock);
}

void find_and_record_failing_history(struct job *job, uint32_t input, size_t earlier_input_count,
				     const struct result_with_reason *first_result,
				     const struct input_result *alone)
{
	struct history_search search = { .engine = job->engine,
					 .affected_input = input,
					 .digest_alone = alone->outcome_digest,
					 .tried_inputs = exit_if_no_memory(
						 malloc((earlier_input_count + 2) * sizeof(uint32_t))) };
	const uint32_t *history = job->history.indices;
	bool can_search = first_result->result.kind != RUN_leak; /* the tries look for no leak */
	size_t count = can_search ? earlier_input_count : 0;

	if (can_search && job->has_last_corrupting_input &&
	    affected_input_fails_after(&search, &job->last_corrupting_input, 1)) {
		history = &job->last_corrupting_input;
		count = 1;
	} else if (!count || !affected_input_fails_after(&search, history, count)) {
		record_unreproduced_failure(&search, first_result, count);
		free(search.tried_inputs);
		return;
	}
	count = halve_failing_history(&search, &history, count);
	record_corruption_or_state_failure(&search, history, count);
	job->has_last_corrupting_input = count == 1;
	job->last_corrupting_input = history[0];
	free(search.tried_inputs);
}
