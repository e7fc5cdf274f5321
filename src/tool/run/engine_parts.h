/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The state of a running engine: engine.c, engine_batch.c and history.c include this file. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "tool/run/engine.h"
#include "tool/run/worker_process.h"

/* A list of inputs, by their indices in the list of all inputs. */
struct input_indices {
	uint32_t *indices;
	size_t count, capacity;
};

struct engine {
	const struct run_options *options;
	const struct file_list *inputs;
	struct flavour_run *run;
	bool is_second_order;
	unsigned int recheck_round; /* 0: the first runs of inputs; 1, 2 ...: unchecked inputs run again */
	_Atomic bool is_broken;     /* workers cannot be started */
	/* Protects the members below, and the records of the run. */
	pthread_mutex_t lock;
	struct input_indices queue; /* inputs to run; the last index is the next input */
	/* Inputs to run again: their leaks or mappings were not checked, or LeakSanitizer found a leak. */
	struct input_indices unchecked;
	bool has_found_lost_memory; /* LeakSanitizer found lost memory after several inputs */
	uint32_t input_before_loss; /* the last input before LeakSanitizer found lost memory */
	size_t finished_run_count, planned_run_count, failed_count; /* for the progress line */
};

/* A thread of the driver, which runs batches in a worker of its own. */
struct job {
	struct engine *engine;
	struct run_worker worker;
	unsigned int worker_start_count;
	unsigned int false_start_count; /* workers that ended or replied before they began an input */
	/* The inputs that the job's worker has run, in order, followed by the inputs of the current batch. */
	struct input_indices history;
	size_t batch_start;             /* index in the history at which the current batch begins */
	size_t leak_checked_count;      /* number of inputs in the history before the last leak check */
	bool has_last_corrupting_input; /* last_corrupting_input is valid */
	uint32_t last_corrupting_input; /* input of the history that made a later input fail, and may again */
	bool has_good_input;            /* good_input is valid */
	uint32_t good_input;            /* the first input of the job that did not fail */
};

/* ---- engine.c ---- */

/* Ends the program if @memory, the result of an allocation, is NULL. Return: @memory. */
void *exit_if_no_memory(void *memory);

void input_indices_append(struct input_indices *list, const uint32_t *inputs, size_t count);

/* Starts a worker of the engine's flavour: for batches or, with @runs_one_input, for a single input. */
bool engine_start_worker(struct engine *engine, struct run_worker *worker, bool runs_one_input);

/* Sets @result to the kind and the reason of the worker's death. */
void engine_describe_death(struct engine *engine, const struct run_worker *worker,
			   struct result_with_reason *result);

/*
 * Runs a batch of @count inputs in the worker.
 * @last_result: gets the result of the last input; if the worker died, gets the reason of the death.
 */
void engine_run_batch(struct engine *engine, struct run_worker *worker, const uint32_t *inputs,
		      uint32_t count, struct result_with_reason *last_result);

/* ---- engine_batch.c ---- */

/* Runs the current batch in the job's worker. An input that fails runs again, alone in a new worker. */
void job_run_and_handle_batch(struct job *job);

/* ---- history.c ---- */

/*
 * @input failed, but does not fail alone. Searches the history for a few earlier inputs after which @input
 * fails, and records these inputs.
 * @earlier_input_count: how many inputs of the history ran before @input.
 * @first_result: the result of @input when it failed.
 * @alone: the result of @input alone.
 */
void find_and_record_failing_history(struct job *job, uint32_t input, size_t earlier_input_count,
				     const struct result_with_reason *first_result,
				     const struct input_result *alone);
