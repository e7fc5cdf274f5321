/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The memory that a worker shares with the driver, the process that started the worker. A worker that writes
 * to wild addresses can damage no other memory of the driver. The driver validates everything that it reads
 * from the control block.
 */
#pragma once

#include <limits.h>

#include "harness/execution.h"
#include "harness/interleaving_search.h"
#include "tool/run/execution_record.h"
#include "tool/run/footprint.h"
#include "tool/run/kind.h"

/* The most inputs of one batch. */
#define BATCH_INPUTS_MAX 512
#define RESULT_WHY_SIZE  256

/* The reason of a result if LeakSanitizer has found a leak. */
#define LEAK_FOUND_TEXT "LeakSanitizer finds memory that nothing points to"

/*
 * The result of one input in one flavour. No member is a bool, because a damaged worker may write any byte.
 */
struct input_result {
	uint8_t kind;                /* enum result_kind */
	uint8_t was_returned;        /* a worker returned the result; 0: only @kind is valid */
	uint8_t must_recheck;        /* the heap, descriptors or mappings grew while the input ran */
	uint8_t has_unexecuted_call; /* a call did not run: no detector finds it, or no failure is injected */
	uint8_t has_predicted_miss;  /* ThreadSanitizer missed a race, as the model predicts */
	rule_set rules_seen_on_fibers, rules_seen_on_threads; /* reported broken rules */
	uint32_t runs_with_race; /* number of executions on threads with a race report */
	uint32_t duration_us;
	uint64_t outcome_digest; /* 0 without must_compute_digest */
};

/* The result of one input with its reason, as a worker returns it. */
struct result_with_reason {
	struct input_result result;
	char why[RESULT_WHY_SIZE]; /* reason of the result, one line */
};

enum worker_request {
	REQUEST_BATCH,         /* run the batch, one input after the other, in the worker's own process */
	REQUEST_PROGRAM,       /* run @program in child processes, and fill in @record */
	REQUEST_REPORTS,       /* run @program in child processes, and print the sanitizers' reports */
	REQUEST_INTERLEAVINGS, /* explore @program, or run its schedule, and fill in @interleavings */
};

struct control_block {
	/* The driver writes the members from here to @interleaving_limit. */
	struct execution_options options;
	bool inputs_are_bytes; /* read every input as a byte string, whatever its name is */
	bool runs_one_input;   /* run one input again and again, and measure its growth; no warm-up */
	enum worker_request request;
	uint32_t input_count; /* of the batch */
	char input_paths[BATCH_INPUTS_MAX][PATH_MAX];
	bool must_check_leaks; /* run LeakSanitizer at the end of the batch */
	bool must_compute_digest;
	struct program program;
	char strategy_name[16];      /* for REQUEST_INTERLEAVINGS; "": run the program's schedule */
	uint32_t interleaving_limit; /* the most executions for REQUEST_INTERLEAVINGS */
	/*
	 * The worker writes the members from here on. @position is the input that began last: its index in
	 * the batch, plus @input_count for each earlier run of the input. NO_POSITION: none.
	 */
	_Atomic uint32_t position;
	struct execution execution;
	struct footprint footprint; /* of the worker at the end of the batch */
	bool can_find_leaks;        /* the worker has LeakSanitizer */
	bool has_leaked_memory;     /* LeakSanitizer found memory that nothing points to */
	struct result_with_reason results[BATCH_INPUTS_MAX];
	struct execution_record record;
	struct interleaving_search_result interleavings;
};

#define NO_POSITION UINT32_MAX

/* Descriptors that the driver opens in each worker. Each request and each reply is one byte on the socket. */
enum worker_descriptor { WORKER_SOCKET = 0, WORKER_CONTROL = 3 };

/* ---- worker.c, worker_program.c: a process of one flavour that runs inputs for the driver ---- */

/* The main function of a worker: serves requests until the driver closes the socket. */
int run_worker_main(void);

/*
 * A worker calls this function before each input, with the content of the input (without a final NUL).
 * Only pagetorture-dev sets the hook, to make inputs misbehave; in other programs the hook is NULL.
 */
extern void (*run_worker_input_hook)(const char *content, size_t size);

/*
 * Runs the program of the control block in child processes, and fills in the execution record. A crash or
 * hang does not end the worker. For REQUEST_REPORTS, also prints the sanitizers' reports.
 */
void worker_run_program_in_children(struct control_block *control);

/* Explores the program of the control block, or runs its schedule, in a child process. */
void worker_explore_interleavings_in_child(struct control_block *control);
