/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The state of a running engine: engine.c, engine_batch.c and interaction.c include this. */
#ifndef TOOL_ENGINE_PARTS_H
#define TOOL_ENGINE_PARTS_H

#include <pthread.h>

#include "tool/run/engine.h"
#include "tool/run/worker_process.h"

/* An item of a list is the number of an input with marks. */
#define ITEM_SECOND_ORDER 0x80000000u
/* The input ran before, and runs again for the leak check. */
#define ITEM_AGAIN	  0x40000000u
#define ITEM_INPUT(item)  ((item) & ~(ITEM_SECOND_ORDER | ITEM_AGAIN))

struct item_list {
	uint32_t *items;
	size_t count, capacity;
};

/* A failure that an input does not show if it runs alone. */
struct unattributed_failure {
	uint32_t affected_input;
	uint32_t *earlier_inputs; /* that ran before it in its process; NULL: it did not fail */
	size_t earlier_input_count;
	bool is_leak; /* LeakSanitizer found a leak; no single input is affected */
	enum result_kind kind; /* of the first failure */
	char why[RUN_WHY];
};

struct engine {
	const struct run_options *options;
	const struct file_list *inputs;
	struct flavour_run *run;
	/* Protects the members below. Only the job that runs an input writes its record. */
	pthread_mutex_t lock;
	struct item_list queue;	    /* the last item is the next one to run */
	struct item_list unchecked; /* inputs whose worker ended before the check of leaks and mappings */
	unsigned int recheck_round;   /* of running unchecked inputs again; 0: not begun */
	struct unattributed_failure *unattributed;
	size_t unattributed_count;
	unsigned int false_start_count; /* workers that ended before their first input */
	bool is_broken;		   /* workers cannot be started */
	size_t done_count, item_count, failed_count; /* for the progress line */
};

/* A thread of the driver, with its worker. */
struct job {
	struct engine *engine;
	struct run_worker worker;
	unsigned int worker_start_count;
	struct item_list run_items; /* inputs that this worker ran, in order */
	size_t leak_checked_count;	  /* the first inputs of run_items, after which LeakSanitizer ran */
	uint32_t batch[RUN_BATCH];
	uint32_t batch_count;
};

/* ---- engine.c ---- */

/* Return: @memory; a null pointer ends the program. */
void *memory_or_exit(void *memory);

void item_list_append(struct item_list *list, uint32_t item);

/* Starts a worker of the flavour; after a false start it skips the warm-up. */
bool engine_start_worker(struct engine *engine, struct run_worker *worker, bool has_symbols);

/* Describes why the worker ended. Return: the kind of the result. */
enum result_kind engine_describe_death(struct engine *engine, const struct run_worker *worker,
				       char why[RUN_WHY]);

/* ---- engine_batch.c ---- */

/* Runs the batch of the job in its worker; an input that fails runs again alone. */
void job_run_batch(struct job *job);

/* Ends the worker of the job. */
void job_end_worker(struct job *job);

/* ---- interaction.c ---- */

/*
 * Finds the fewest earlier inputs after which the affected input fails, or memory is lost;
 * sets a record.
 */
void find_interacting_inputs(struct engine *engine, const struct unattributed_failure *seen);

#endif
