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

/* What LeakSanitizer finds, as a reason. */
#define LEAK_FOUND "LeakSanitizer finds memory that nothing points to"

/* What one flavour saw of one input. The driver keeps it in the input's record. */
struct input_result {
	uint8_t kind;
	bool must_recheck;	 /* the heap is larger than before, or a descriptor more is open */
	bool has_call_not_run;	 /* a fatal call was not executed */
	bool has_predicted_miss; /* a race was missed, as predicted */
	rule_set rules_seen_on_fibers, rules_seen_on_threads; /* rules that were seen broken */
	uint32_t reported_runs;	 /* repeats on threads in which a race was reported */
	uint32_t duration_us;
	uint64_t outcome_digest; /* of the outcome, if it was asked for */
};

struct worker_result {
	struct input_result result;
	char why[RUN_WHY];
};

enum worker_request {
	REQUEST_BATCH,	 /* run the inputs, one after the other, in the worker's own process */
	REQUEST_PROGRAM, /* run the program in children, and fill in the execution record */
	REQUEST_REPORTS, /* the same, and print what sanitizers report */
};

struct control_block {
	/* From the driver. */
	struct execution_options options;
	bool inputs_are_bytes;	/* program_all_bytes */
	bool must_skip_warm_up; /* an earlier worker ended in it */
	enum worker_request request;
	uint32_t input_count;
	char input_paths[RUN_BATCH][PATH_MAX];
	bool must_measure_growth; /* of the only input */
	bool must_check_leaks;	  /* at the end of the batch LeakSanitizer looks for lost memory */
	bool must_compute_digest;
	struct program program;
	/* From the worker. */
	/*
	 * Of the input that began last. An input that runs again has its index plus a multiple of
	 * the number of inputs, so each execution has another position.
	 */
	_Atomic uint32_t position;
	struct execution execution;
	struct footprint footprint; /* at the end of the batch */
	bool can_find_leaks;	    /* the worker has LeakSanitizer */
	bool has_leaked_memory;
	struct worker_result results[RUN_BATCH];
	struct execution_record record;
};

#define NO_POSITION UINT32_MAX

/* Descriptors that a worker finds open; a byte through the socket is a request or a reply. */
enum worker_descriptor { WORKER_CONTROL = 3, WORKER_SOCKET };

#endif
