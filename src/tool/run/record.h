/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The results of a run: one record for each input and flavour. Tables for people and the JSON
 * lines for programs (doc/replay.md) are written from these records alone.
 */
#ifndef TOOL_RUN_RECORD_H
#define TOOL_RUN_RECORD_H

#include "tool/run/control_block.h"
#include "tool/run/input_list.h"

struct run_record {
	uint8_t kind;
	bool ran; /* the input was executed, or ended its process */
	bool returned; /* a worker returned a result, which the next fields are from */
	bool not_run, unseen;
	rule_set fibers, threads;
	uint32_t reported, microseconds;
	char *why;    /* one line, or NULL */
	char *output; /* what the process printed in which the input failed, or NULL */
	/* Inputs that fail if they run in this order in one process; NULL: this input alone fails. */
	uint32_t *sequence;
	size_t sequence_count;
};

/* One flavour's results. */
struct flavour_run {
	const char *flavour;
	struct run_record *records; /* one an input */
	struct footprint before, after; /* with two orders: after the first and the second */
	bool measured;		    /* both are known */
	char growth[RUN_WHY];	    /* what the second order left beyond the first, or "" */
	double seconds;
	unsigned int starts; /* of workers */
};

/* Return: false without memory. */
bool flavour_run_init(struct flavour_run *run, const char *flavour, size_t inputs);
void flavour_run_destroy(struct flavour_run *run, size_t inputs);

/* Sets what an input is, and why. @output: may be NULL; both are copied */
void record_set(struct run_record *record, enum result_kind kind, const char *why,
		const char *output);

size_t count_kind(const struct flavour_run *run, size_t inputs, enum result_kind kind);

/* The number of inputs that failed. */
size_t count_failed(const struct flavour_run *run, size_t inputs);

#endif
