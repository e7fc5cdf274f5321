/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The results of a run: one record for each input and flavour. The tables for people and the JSON lines for
 * programs (doc/replay.md) contain nothing that is not in these records.
 */
#pragma once

#include "tool/run/control_block.h"

struct run_record {
	struct input_result result;
	bool was_run; /* a job ran the input, and stored its result */
	char *why;    /* reason of the result, one line, or NULL */
	char *output; /* output of the process in which the input failed, or NULL */
	/* Inputs that fail if they run in this order in one process; NULL: the input fails alone. */
	uint32_t *failing_sequence;
	size_t failing_sequence_count;
};

/* The run of all inputs in one flavour, and its results. */
struct flavour_run {
	const char *flavour;
	struct run_record *records;   /* one for each input */
	size_t record_count;          /* number of inputs, whether they ran or not */
	char growth[RESULT_WHY_SIZE]; /* how the footprint grew in the second order of --orders, or "" */
	double seconds;               /* duration of the run */
	unsigned int worker_start_count;
};

/* Return: false if there is no memory. */
bool flavour_run_init(struct flavour_run *run, const char *flavour, size_t record_count);
void flavour_run_destroy(struct flavour_run *run);

/* Sets the kind of the result, its reason @why and the output; both texts are copied and may be NULL. */
void record_set_result(struct run_record *record, enum result_kind kind, const char *why, const char *output);

bool record_is_failure(const struct run_record *record);

size_t count_inputs_of_kind(const struct flavour_run *run, enum result_kind kind);
size_t count_failed_inputs(const struct flavour_run *run);
