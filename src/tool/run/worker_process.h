/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One worker as its driver sees it: starting, watching and ending the process, and what it
 * died of. The other half is worker.c, in a flavour's binary.
 */
#ifndef TOOL_WORKER_PROCESS_H
#define TOOL_WORKER_PROCESS_H

#include "harness/program/program.h"
#include "tool/run/control_block.h"
#include "tool/run/input_list.h"

enum run_worker_state { WORKER_EMPTY, WORKER_IDLE, WORKER_BUSY };

#define WORKER_OUTPUT 16384

struct run_worker {
	enum run_worker_state state;
	int pid;
	int go, done, output; /* ends of pipes */
	int go_end;	      /* the worker's: writing to one that died is no SIGPIPE */
	int file;	      /* of the control block */
	struct control_block *control;
	unsigned int batches; /* that were sent to it */
	unsigned int megabytes;
	bool alone; /* it runs one input, for the engine (engine.c) */
	/* Watching. */
	uint32_t phase;
	long since;	      /* ms: when the phase began, as far as was seen */
	long cpu_since;	      /* ms of CPU time then */
	size_t resident;      /* bytes, when the batch began */
	enum result_kind killed; /* for which the driver ended it; RUN_good: it did not */
	/* The first bytes that it printed. */
	char text[WORKER_OUTPUT];
	size_t used;
};

/* At most so many workers at a time. */
#define WORKERS_MAX 128

struct run_worker_options {
	const char *path;		/* of the flavour's binary */
	const struct input_list *list;	/* NULL: it runs programs that are sent to it */
	struct execution_options execution;
	unsigned int megabytes; /* that an input may use beyond what was in use before; 0: any */
	bool cold;		/* without a warm-up */
	bool symbols;		/* reports name functions */
	bool stacks;		/* and each of them has a stack */
};

/* Return: false without processes or memory. */
bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options);

/* Sends a batch of @count inputs. The caller has filled in the control block's other fields. */
void run_worker_send_batch(struct run_worker *worker, const uint32_t *inputs, uint32_t count);

/* Asks for the footprint of the process. */
void run_worker_send_measure(struct run_worker *worker);

/* Sends one program. @reports: the worker prints what sanitizers report */
void run_worker_send_program(struct run_worker *worker, const struct program *program, bool reports);

/* Reads what the worker prints, and ends it when an input uses more than it may. */
void run_worker_watch(struct run_worker *worker, const struct execution_options *limits);

/* Waits until one of the workers has done something, or @most milliseconds. */
void run_worker_wait(struct run_worker *workers, unsigned int count, long most);

/* Has the worker finished its request? */
bool run_worker_done(const struct run_worker *worker);

/* Is the process gone? Then @status is as of waitpid(). */
bool run_worker_gone(struct run_worker *worker, int *status);

/*
 * Watches and waits until the request is finished. Return: false if the process ended before;
 * @status is as of waitpid(), and run_worker_release() releases the rest.
 */
bool run_worker_finish_request(struct run_worker *worker, const struct execution_options *limits,
			       int *status);

/* Kills the process, and releases all that the worker has. */
void run_worker_end(struct run_worker *worker);

/* Releases what a worker has whose process is gone. */
void run_worker_release(struct run_worker *worker);

/*
 * What a process that is gone died of.
 * @path: of the input that it ran, or NULL
 * @why: one line
 */
enum result_kind run_worker_death(const struct run_worker *worker, int status,
			   const struct execution_options *limits, const char *path,
			   char why[RUN_WHY]);

/* Milliseconds of a clock that only goes forward. */
long milliseconds_now(void);

#endif
