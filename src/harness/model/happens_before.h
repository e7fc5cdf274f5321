/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Computes happens-before from the calls of a trace instead of clocks, to explain it to people. It
 * is independent of the rule model's clocks, so tests compare the two.
 */
#pragma once

#include "harness/program/program.h"
#include "harness/program/trace.h"

/* In last_step_index_before: no step of the thread happens before the step. */
#define HAPPENS_BEFORE_NONE UINT16_MAX

struct happens_before {
	/*
	 * For each step and thread: the thread's last step that happens before the step, or NONE.
	 */
	uint16_t last_step_index_before[PROGRAM_CALLS][PROGRAM_THREADS];
};

/*
 * Computes the table for the steps of a trace.
 * @fatal_call_after_trace: the call before which the trace ends, or SIZE_MAX; its row follows the last step's
 */
void happens_before_compute(struct happens_before *happens, const struct program *program,
			    const struct trace *trace, size_t fatal_call_after_trace);

/* Return: whether the first step happens before the second one. */
bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t earlier_step, size_t later_step);

/*
 * Finds the steps of other threads whose release @step acquires: the last unlock of the mutex, the
 * posts of the semaphore, or the earlier free_page() calls of the page. The order that lines of
 * main make is not included. Return: the number of steps in @from_steps, at most one for each
 * thread.
 */
size_t happens_before_find_acquired_steps(const struct program *program, const struct trace *trace,
					  size_t step, uint16_t from_steps[PROGRAM_THREADS]);
