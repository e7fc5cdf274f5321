/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Starts, watches and ends one worker, and describes why the worker ended. This code runs in the driver, the
 * process that starts workers; worker.c is the code of the worker, in a flavour's binary.
 */
#pragma once

#include "tool/run/control_block.h"
#include "tool/util/file_list.h"

#define WORKER_OUTPUT_SIZE 16384

struct run_worker;

struct run_worker_options {
	const char *binary_path;     /* binary of the flavour */
	enum worker_request request; /* the first request: REQUEST_BATCH or REQUEST_PROGRAM */
	struct execution_options execution;
	unsigned int memory_limit_mb;             /* limit of one input's additional memory; 0: no limit */
	unsigned int position_time_limit_seconds; /* limit for one input or program; 0: as in @execution */
	bool runs_one_input;    /* the worker runs one input or program; reports name functions */
	bool must_print_stacks; /* every report has a stack */
	/* The driver calls this function again and again while it waits for the worker; may be NULL. */
	void (*report_progress)(const struct run_worker *worker, void *context);
	void *progress_context;
};

struct run_worker {
	int pid; /* of the worker's process; 0: the process has ended */
	int socket, output_pipe, control_file;
	struct control_block *control; /* NULL: there is no worker */
	struct run_worker_options options;
	unsigned int sent_batch_count; /* number of batches that the driver sent to this worker */
	/* The batch that the worker runs, for messages. */
	const struct file_list *inputs;
	const uint32_t *batch_inputs; /* their indices in @inputs */
	uint32_t batch_size;
	int wait_status; /* the status from waitpid(), if the process has ended */
	/* What enforce_limits() has seen. */
	uint32_t watched_position;
	bool is_watching_child;          /* the input at watched_position runs a fatal call in a child */
	int64_t watched_since_ms;        /* time when the driver first saw watched_position */
	int64_t cpu_ms_at_start;         /* CPU time of the worker at watched_since_ms */
	size_t resident_bytes_at_start;  /* of the worker at the start of the batch; 0: unknown */
	enum result_kind exceeded_limit; /* limit for which the driver killed the worker; RUN_good: none */
	/* The first bytes of the worker's output, with a final NUL. */
	char output[WORKER_OUTPUT_SIZE];
	size_t output_size;
};

/* Starts a worker. Return: false if the system has no process or memory for a worker. */
bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options);

/*
 * Sends a batch to the worker and waits for the reply. The caller must first set must_check_leaks and
 * must_compute_digest in the control block.
 * @batch_inputs: @count indices in @inputs.
 * Return: false if the worker ended before it replied. Then run_worker_kill_and_release() frees the memory of
 * the worker.
 */
bool run_worker_send_batch_and_wait(struct run_worker *worker, const struct file_list *inputs,
				    const uint32_t *batch_inputs, uint32_t count);

/*
 * Reads the result of the input at @position of the batch. A damaged worker may have written anything, so a
 * result with an unknown kind becomes RUN_crash.
 */
void run_worker_read_result(const struct run_worker *worker, uint32_t position,
			    struct result_with_reason *result);

/* Sends a program to the worker and waits for a reply. Return: false if the worker ended before the reply. */
bool run_worker_send_program_and_wait(struct run_worker *worker, const struct program *program,
				      enum worker_request request);

/* Kills the worker's process, and releases all resources of the worker. Without a worker, does nothing. */
void run_worker_kill_and_release(struct run_worker *worker);

/* Return: the path of the input that the worker runs, or will run first; NULL: the worker has no batch. */
const char *run_worker_find_running_path(const struct run_worker *worker);

/*
 * Describes why the worker's process ended: @why gets one line of text.
 * Return: the kind of the result for the input that ran when the process ended.
 */
enum result_kind run_worker_describe_death(const struct run_worker *worker, char why[RESULT_WHY_SIZE]);
