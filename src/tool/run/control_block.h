/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The memory that a worker and the driver share. A worker that writes to wild addresses reaches
 * nothing else of the driver. The driver checks all that it reads from here.
 */
#ifndef TOOL_CONTROL_BLOCK_H
#define TOOL_CONTROL_BLOCK_H

#include "harness/program/program_bytes.h"
#include "harness/execution.h"
#include "tool/run/execution_record.h"
#include "tool/run/kind.h"

/* Inputs of one batch. */
#define RUN_BATCH 512
#define RUN_WHY	  256

/* The result of one execution of an input in one flavour. */
struct worker_result {
	uint8_t kind;
	bool recheck;	      /* the heap is larger than before, or a descriptor more is open */
	bool not_run;	      /* a fatal call was not executed */
	bool unseen;	      /* a race was missed, as predicted */
	rule_set fibers, threads; /* rules that were seen broken */
	uint32_t reported;    /* repeats on threads in which a race was reported */
	uint32_t microseconds;
	uint64_t digest;      /* of the outcome, if it was asked for */
	char why[RUN_WHY];
};

/* What a process holds. */
struct footprint {
	size_t heap, mappings, resident;
	int descriptor; /* the lowest that is free */
};

enum worker_request {
	REQUEST_BATCH,	 /* run the inputs, one after the other, in the worker's own process */
	REQUEST_MEASURE, /* fill in the footprint */
	REQUEST_PROGRAM, /* run the program in children, and fill in the execution record */
	REQUEST_REPORTS, /* the same, and print what sanitizers report */
};

struct control_block {
	/* From the driver. */
	struct execution_options options;
	bool all_bytes; /* program_all_bytes */
	bool cold;	/* no warm-up: an earlier worker ended in it */
	enum worker_request request;
	uint32_t count, inputs[RUN_BATCH];
	bool alone;   /* one input, whose growth is measured */
	bool lost;    /* at the end of the batch LeakSanitizer looks for lost memory */
	bool digests;
	uint32_t program_size;
	uint8_t program[PROGRAM_BYTES_MAX];
	/* From the worker. */
	_Atomic uint32_t position; /* of the input that began last */
	_Atomic uint32_t phase;	   /* counts the inputs that began */
	_Atomic bool again;	   /* all inputs have run, and run again: which maps memory? */
	struct execution execution;
	struct footprint footprint;
	bool looks_for_lost; /* the worker has LeakSanitizer */
	bool has_lost;
	struct worker_result results[RUN_BATCH];
	struct execution_record record;
};

/* Descriptors that a worker finds open. */
enum worker_descriptor { WORKER_LIST = 3, WORKER_CONTROL, WORKER_GO, WORKER_DONE };

#endif
