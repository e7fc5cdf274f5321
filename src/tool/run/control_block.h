/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The memory that a worker and the driver share. A worker that writes to wild addresses reaches
 * nothing else of the driver. The driver checks all that it reads from here.
 */
#ifndef TOOL_CONTROL_BLOCK_H
#define TOOL_CONTROL_BLOCK_H

#include <limits.h>

#include "harness/execution.h"
#include "tool/run/execution_record.h"
#include "tool/run/footprint.h"
#include "tool/run/kind.h"

/* Inputs of one batch. */
#define RUN_BATCH 512
#define RUN_WHY	  256

/* The reason of a result if LeakSanitizer has found a leak. */
#define LEAK_FOUND "LeakSanitizer finds memory that nothing points to"

/* The result of one input in one flavour. The driver keeps the result in the input's record. */
struct input_result {
	uint8_t kind;
	bool was_returned;	 /* a worker returned this result; else only its kind is valid */
	bool must_recheck;	 /* the input left a larger heap or an open descriptor */
	bool has_call_not_run;	 /* a fatal call was not executed */
	bool has_predicted_miss; /* a race was missed, as predicted */
	rule_set rules_seen_on_fibers, rules_seen_on_threads; /* broken rules that were reported */
	uint32_t reported_runs;	 /* repeats on threads in which a race was reported */
	uint32_t duration_us;
	uint64_t outcome_digest; /* valid with must_compute_digest */
};

struct worker_result {
	struct input_result result;
	char why[RUN_WHY]; /* the reason of the result, one line */
};

enum worker_request {
	REQUEST_BATCH,	 /* run the inputs, one after the other, in the worker's own process */
	REQUEST_PROGRAM, /* run the program in children, and fill in the execution record */
	REQUEST_REPORTS, /* run the program in children, and print the reports of sanitizers */
};

struct control_block {
	/* The driver writes these members. */
	struct execution_options options;
	bool inputs_are_bytes;	/* program_all_bytes */
	bool runs_one_input; /* no warm-up; the input runs again, and its growth is measured */
	enum worker_request request;
	uint32_t input_count;
	char input_paths[RUN_BATCH][PATH_MAX];
	bool must_check_leaks; /* run LeakSanitizer at the end of the batch */
	bool must_compute_digest;
	struct program program;
	/* The worker writes these members. */
	/*
	 * The position of the input that began last: its index in the batch. If inputs run again, a
	 * multiple of the number of inputs is added, so each execution has another position.
	 */
	_Atomic uint32_t position; /* of the input that began last */
	struct execution execution;
	struct footprint footprint; /* at the end of the batch */
	bool can_find_leaks;	    /* the worker has LeakSanitizer */
	bool has_leaked_memory;
	struct worker_result results[RUN_BATCH];
	struct execution_record record;
};

#define NO_POSITION UINT32_MAX

/* Descriptors that a worker finds open; a byte through the socket is a request or a reply. */
enum worker_descriptor { WORKER_SOCKET = 0, WORKER_CONTROL = 3 };

/* ---- worker.c, worker_program.c: a process of one flavour that runs inputs for the driver ---- */

/* Serves requests until the driver closes the socket. Return: an exit status. */
int run_worker_main(void);

/*
 * Called before each input with its content, which a NUL need not end; NULL: nothing is called.
 * Only developers' binaries set it, to make inputs misbehave.
 */
extern void (*run_worker_input_hook)(const char *content, size_t size);

/*
 * Runs the program of the control block in child processes, so that a crash or hang does not end
 * the worker, and fills in the execution record. REQUEST_REPORTS: prints the reports too.
 */
void worker_run_program(struct control_block *control);

#endif
