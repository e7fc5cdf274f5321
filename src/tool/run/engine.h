/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs all inputs in one flavour: batches of many inputs in a worker process, and what fails
 * again, alone in a process of its own.
 *
 *   engine.c         gives work to workers
 *   engine_finish.c  takes results from workers, and decides what runs again
 *   interaction.c    finds the inputs after which another one fails
 *   orders.c         the orders in which inputs run, and what must be the same in both
 */
#ifndef TOOL_ENGINE_H
#define TOOL_ENGINE_H

#include <limits.h>

#include "tool/run/record.h"

/* More jobs than CPUs bring nothing, but the user may know better. */
#define RUN_JOBS 64

struct run_options {
	struct execution_options execution;
	unsigned int jobs;
	unsigned int megabytes; /* that an input may use beyond what was in use before; 0: any */
	bool orders;		/* all inputs in one process, in two orders */
	bool shuffled;		/* the order is that of the seed */
	uint64_t seed;
	/* The flavour that is running. */
	const char *flavour;
	char path[PATH_MAX]; /* of its binary */
};

/*
 * Fills in the records of @run.
 * Return: false if workers could not be started, or did not begin. An input that did not run is
 * then a failure, and one that failed stays one.
 */
bool engine_run(const struct run_options *options, const struct input_list *list,
		struct flavour_run *run);

/* ---- orders.c ---- */

/* Marks an item of the second order. */
#define RUN_SECOND 0x80000000u

/*
 * Fills @order, which has room for all inputs twice: sorted; or shuffled; or, with two
 * orders, sorted and then backwards or shuffled.
 * Return: the number of items.
 */
size_t fill_order(const struct run_options *options, uint32_t inputs, uint32_t *order);

/* Sets which state the second order left and the first did not. */
void check_growth_of_orders(struct flavour_run *run, size_t inputs);

/* ---- interaction.c ---- */

/* A failure that did not come again when the input ran alone. */
struct unattributed {
	uint32_t affected;
	uint32_t *history; /* the inputs that ran before it in its process */
	size_t ran;
	uint8_t kind; /* as it was seen first */
	char why[RUN_WHY];
};

/* Finds the fewest inputs of the history after which the affected input fails; sets a record. */
void find_interaction(const struct run_options *options, const struct input_list *list,
		      struct flavour_run *run, struct unattributed *unattributed);

#endif
