/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs all inputs in one flavour: batches of many inputs in a worker process; an input that fails runs
 * again, alone in a process of its own.
 *
 *   engine.c         the queue of inputs, the jobs that take batches from it, and the orders
 *   engine_batch.c   one batch: its results, and the inputs that run again
 *   history.c        finds the inputs after which another one fails
 */
#pragma once

#include "tool/run/record.h"
#include "tool/util/file_list.h"

/* The largest number of jobs. The default is the number of CPUs. */
#define JOBS_MAX 64

struct run_options {
	struct execution_options execution;
	unsigned int job_limit;       /* workers at the same time */
	unsigned int memory_limit_mb; /* additional memory of one input; 0: no limit */
	bool has_two_orders;          /* all inputs run in one process, in two orders */
	bool is_shuffled;             /* inputs run in a random order from the seed */
	uint64_t shuffle_seed;
	char binary_path[PATH_MAX]; /* of the flavour of this engine_run() */
};

/*
 * Runs all inputs in one flavour, and fills in the records of @run.
 * Return: false if a worker could not be started. Inputs that never ran then have a failure as their result.
 */
bool engine_run(const struct run_options *options, const struct file_list *inputs, struct flavour_run *run);
