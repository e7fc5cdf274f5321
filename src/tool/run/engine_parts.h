/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The state of a running engine; only engine.c and engine_finish.c include this. */
#ifndef TOOL_ENGINE_PARTS_H
#define TOOL_ENGINE_PARTS_H

#include "tool/run/engine.h"
#include "tool/run/worker_process.h"

/* After so many batches a worker is replaced: detectors keep something of each race. */
#define WORKER_BATCHES 40

/* Marks an item that ran before, and runs again to be checked for lost memory. */
#define RUN_AGAIN	 0x40000000u
#define ITEM_INPUT(item) ((item) & ~(RUN_SECOND | RUN_AGAIN))

/* An input with marks, in a list. */
struct item_list {
	uint32_t *item;
	size_t count, room;
};

/* An input that is to run again, alone. */
struct pending {
	uint32_t input;
	struct unattributed unattributed; /* if it fails no more; history NULL: it did not fail */
};

struct engine {
	const struct run_options *options;
	const struct input_list *list;
	struct flavour_run *run;
	uint32_t *order;
	size_t count, next; /* of the order */
	struct item_list back;	    /* items that a worker did not get to */
	struct item_list unchecked; /* for lost memory: their worker died, or lost some */
	unsigned int rounds;	    /* in which unchecked items run again, in smaller batches */
	bool lost_memory;	    /* a worker did */
	uint32_t lost_after;	    /* the first input since its last check */
	struct pending *pending;
	size_t pending_count, pending_next, pending_room;
	struct unattributed *unattributed;
	size_t unattributed_count;
	/*
	 * Each job has a worker for batches and one for single inputs; as many work at a time as
	 * there are jobs. The lists below have one entry a worker.
	 */
	struct run_worker workers[WORKERS_MAX];
	struct pending running[WORKERS_MAX];   /* alone */
	struct item_list batches[WORKERS_MAX]; /* its items now */
	struct item_list history[WORKERS_MAX]; /* inputs that it ran before, in order */
	struct item_list since[WORKERS_MAX];   /* items since its last check for lost memory */
	unsigned int workers_used, false_starts, batch_starts;
	unsigned int measured; /* orders after which the footprint was measured */
	uint64_t *digests[2];
	size_t done, failed;
	bool broken; /* workers cannot be started */
};

/* Return: @memory; a null pointer ends the program. */
void *checked_memory(void *memory);

void item_list_append(struct item_list *list, uint32_t item);

/* The items of the batch from @from on are still to be done. */
void engine_give_back(struct engine *engine, const struct item_list *batch, size_t from);

/* Items of the worker that no check of LeakSanitizer has cleared are unchecked. */
void engine_move_unchecked(struct engine *engine, unsigned int number);

/* Keeps a failure that did not come again alone. Takes the history. */
void engine_add_unattributed(struct engine *engine, const struct unattributed *unattributed);

/* Worker @number has finished its request. */
void engine_finish(struct engine *engine, unsigned int number);

/* Its process ended before. */
void engine_finish_dead(struct engine *engine, unsigned int number, int status);

#endif
