/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs all inputs in one flavour, in batches of many inputs in one worker process. An input that fails runs
 * again, alone in a new process.
 *
 *   `engine.c`       has the queue of inputs, the jobs that take batches from the queue, and the two orders.
 *   `engine_batch.c` handles the results of one batch, and runs inputs again.
 *   `history.c`      finds the earlier inputs after which an input fails.
 */
#pragma once

#include "tool/run/record.h"
#include "tool/util/file_list.h"

/* The largest number of jobs. The default number of jobs is the number of CPUs. */
#define JOBS_MAX 64

struct run_options {
	struct execution_options execution;
	unsigned int job_limit;       /* the most workers at the same time */
	unsigned int memory_limit_mb; /* limit of one input's additional memory; 0: no limit */
	bool has_two_orders;          /* all inputs run in one process, in two orders */
	bool is_shuffled;             /* inputs run in a random order, which shuffle_seed determines */
	uint64_t shuffle_seed;
	char binary_path[PATH_MAX]; /* the binary of the flavour that engine_run() runs */
};

/*
 * Runs all inputs in one flavour, and fills in the records of @run.
 * Return: false if a worker could not be started. The result of each input that never ran is then a failure.
 */
bool engine_run(const struct run_options *options, const struct file_list *inputs, struct flavour_run *run);
