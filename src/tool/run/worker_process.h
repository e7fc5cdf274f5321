/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The driver's side of one worker: starts, watches and ends the process, and describes why it ended.
 * worker.c, in a flavour's binary, is the other side.
 */
#pragma once

#include "tool/run/control_block.h"
#include "tool/util/file_list.h"

#define WORKER_OUTPUT_SIZE 16384

struct run_worker;

struct run_worker_options {
	const char *binary_path;     /* of the flavour */
	enum worker_request request; /* the first: REQUEST_BATCH or REQUEST_PROGRAM */
	struct execution_options execution;
	unsigned int memory_limit_mb;             /* additional memory of one input; 0: no limit */
	unsigned int position_time_limit_seconds; /* of one input or program; 0: as in @execution */
	bool runs_one_input;    /* or one program: sanitizers then look up functions for reports */
	bool must_print_stacks; /* every report has a stack */
	/* Called again and again while the driver waits for the worker; or NULL. */
	void (*report_progress)(const struct run_worker *worker, void *context);
	void *progress_context;
};

struct run_worker {
	int pid; /* 0: the process has ended */
	int socket, output_pipe, control_file;
	struct control_block *control; /* NULL: there is no worker */
	struct run_worker_options options;
	unsigned int sent_batch_count; /* batches that the driver sent to this worker */
	/* The running batch, for messages. */
	const struct file_list *inputs;
	const uint32_t *batch_inputs; /* their indices in @inputs */
	uint32_t batch_size;
	int wait_status; /* as of waitpid(), of a process that has ended */
	/* What enforce_limits() has seen. */
	uint32_t watched_position;
	bool is_watching_child;          /* the position runs a fatal call in a child */
	int64_t watched_since_ms;        /* time when the driver first saw the position */
	int64_t cpu_ms_at_start;         /* of the worker at @watched_since_ms */
	size_t resident_bytes_at_start;  /* of the batch; 0: not measured yet */
	enum result_kind exceeded_limit; /* for which the driver killed the worker; RUN_good: none */
	/* The first bytes of the output of the worker, with a NUL. */
	char output[WORKER_OUTPUT_SIZE];
	size_t output_size;
};

/* Starts a worker. Return: false if there is no process or memory for it. */
bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options);

/*
 * Sends a batch to the worker and waits for its end. The caller has set `must_...` in the control
 * block.
 * @batch_inputs: @count indices in @inputs
 * Return: false if the process ended before it replied; run_worker_kill_and_release() then frees
 * the memory.
 */
bool run_worker_send_batch_and_wait(struct run_worker *worker, const struct file_list *inputs,
				    const uint32_t *batch_inputs, uint32_t count);

/*
 * Reads the result of the input at @position of the batch. A damaged worker may have written anything: a
 * result of no known kind becomes a crash.
 */
void run_worker_read_result(const struct run_worker *worker, uint32_t position,
			    struct result_with_reason *result);

/* Sends a program to the worker, and waits. Return: false if the worker ended before it replied. */
bool run_worker_send_program_and_wait(struct run_worker *worker, const struct program *program,
				      enum worker_request request);

/* Kills the process, and releases all resources of the worker. Does nothing if there is no worker. */
void run_worker_kill_and_release(struct run_worker *worker);

/* Return: the path of the input that the worker runs, or will run first; NULL without a batch. */
const char *run_worker_find_running_path(const struct run_worker *worker);

/*
 * Describes why the process of the worker ended.
 * @why: gets one line
 * Return: the kind of the result
 */
enum result_kind run_worker_describe_death(const struct run_worker *worker, char why[RESULT_WHY_SIZE]);
