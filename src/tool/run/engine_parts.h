/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The state of a running engine: engine.c, engine_batch.c and history.c include this. */
#ifndef TOOL_ENGINE_PARTS_H
#define TOOL_ENGINE_PARTS_H

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
	unsigned int recheck_round; /* of running unchecked inputs again; 0: not begun */
	_Atomic bool is_broken; /* workers cannot be started */
	/* Protects the members below. Only the job that runs an input writes its record. */
	pthread_mutex_t lock;
	struct input_indices queue; /* the last one is the next one to run */
	/* Inputs that run again, because LeakSanitizer did not run after them, or found lost memory. */
	struct input_indices unchecked;
	bool has_lost_memory;
	uint32_t input_before_loss; /* the last input before LeakSanitizer found lost memory */
	size_t finished_run_count, planned_run_count, failed_count; /* for the progress line */
};

/* A thread of the driver, with its worker. */
struct job {
	struct engine *engine;
	struct run_worker worker;
	unsigned int worker_start_count;
	unsigned int false_start_count; /* workers that ended, or replied, before they began an input */
	/* Inputs that this worker ran, in order, and then those of the batch. */
	struct input_indices history;
	size_t batch_start;	   /* index of the batch in the history */
	size_t leak_checked_count; /* the first inputs of the history, after which LeakSanitizer ran */
	bool has_culprit; /* the member @culprit is valid */
	uint32_t culprit; /* the input after which an input failed last: often the cause again */
};

/* ---- engine.c ---- */

/* Return: @memory; a null pointer ends the program. */
void *require_memory(void *memory);

void input_indices_append(struct input_indices *list, const uint32_t *inputs, size_t count);

/* Starts a worker of the flavour for batches, or for one input. */
bool engine_start_worker(struct engine *engine, struct run_worker *worker, bool runs_one_input);

/* Describes why the worker ended as the result of its input. */
void engine_describe_death(struct engine *engine, const struct run_worker *worker,
			   struct worker_result *result);

/* Runs one input in the worker, which may end. */
void engine_run_input(struct engine *engine, struct run_worker *worker, const uint32_t *input,
		      struct worker_result *result);

/* ---- engine_batch.c ---- */

/* Runs the batch at the end of the job's history in its worker; an input that fails runs again alone. */
void job_run_batch(struct job *job);

/* ---- history.c ---- */

/*
 * Finds few earlier inputs after which an input fails that is good alone, and sets a record.
 * @index: of the input in the history
 * @first: how it failed
 */
void find_failing_history(struct job *job, size_t index, const struct worker_result *first);

#endif
