/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One worker as its driver sees it: starting, watching and ending the process, and what it
 * died of. The other half is worker.c, in a flavour's binary.
 */
#ifndef TOOL_WORKER_PROCESS_H
#define TOOL_WORKER_PROCESS_H

#include "tool/run/control_block.h"
#include "tool/util/file_list.h"

#define WORKER_OUTPUT 16384

struct run_worker;

struct run_worker_options {
	const char *binary_path; /* of the flavour */
	enum worker_request request; /* REQUEST_BATCH, or one that takes a program */
	struct execution_options execution;
	unsigned int
		memory_limit_mb; /* that an input may use beyond what was in use before; 0: any */
	unsigned int request_seconds; /* for one position; 0: as the execution */
	bool must_skip_warm_up;
	bool must_symbolize; /* reports name functions */
	bool must_print_stacks;  /* and each of them has a stack */
	/* Called now and then while the driver waits; or NULL. */
	void (*report_progress)(const struct run_worker *worker, void *context);
	void *progress_context;
};

struct run_worker {
	int pid; /* 0: the process has ended */
	int socket, output_pipe, control_file;
	struct control_block *control; /* NULL: there is no worker */
	struct run_worker_options options;
	unsigned int sent_batch_count; /* that were sent to it */
	/* The batch that it runs, for messages. */
	const struct file_list *inputs;
	const uint32_t *batch_inputs;
	uint32_t batch_size;
	int wait_status;	  /* as of waitpid(), of a process that has ended */
	/* Watching. */
	uint32_t watched_position;
	bool is_watching_child; /* that runs a fatal call */
	long watched_since_ms;	/* ms: when the position began, as far as was seen */
	long cpu_ms_before;	/* ms of CPU time then */
	size_t resident_before; /* bytes, when the batch began */
	enum result_kind exceeded_limit; /* for which the driver killed it; RUN_good: it did not */
	/* The first bytes that it printed. */
	char output[WORKER_OUTPUT];
	size_t output_size;
};

/* Return: false without processes or memory; then there is no worker. */
bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options);

/*
 * Runs a batch and waits for its end. The caller has set what the control block must do.
 * @batch_inputs: @count numbers of @inputs
 * Return: false if the process ended before; run_worker_end() releases what it had.
 */
bool run_worker_send_batch(struct run_worker *worker, const struct file_list *inputs,
		      const uint32_t *batch_inputs, uint32_t count);

/* Runs one program; otherwise the same. */
bool run_worker_send_program(struct run_worker *worker, const struct program *program,
			enum worker_request request);

/* Kills the process, and releases all that the worker has; nothing if there is none. */
void run_worker_end(struct run_worker *worker);

/* Return: the path of the input that the worker runs, or NULL. */
const char *run_worker_find_running_path(const struct run_worker *worker);

/*
 * What a process that has ended died of.
 * @why: one line
 */
enum result_kind run_worker_describe_death(const struct run_worker *worker, char why[RUN_WHY]);

/* Milliseconds of a clock that only goes forward. */
long milliseconds_now(void);

#endif
