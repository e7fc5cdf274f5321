/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Computes happens-before from the calls of a trace, to explain to people why two calls are ordered. This
 * computation is independent of the rule model's vector clocks, so tests compare the results of both.
 */
#pragma once

#include "harness/program/program.h"
#include "harness/program/trace.h"

/* Value of last_step_index_before[S][T]: no step of thread T happens before step S. */
#define HAPPENS_BEFORE_NONE UINT16_MAX

struct happens_before {
	/* [S][T]: index of the last step of thread T that happens before step S, or HAPPENS_BEFORE_NONE. */
	uint16_t last_step_index_before[PROGRAM_CALLS][PROGRAM_THREADS];
};

/*
 * Computes last_step_index_before for the steps of @trace.
 * @fatal_call_after_trace: the fatal call that ended the trace, or SIZE_MAX; its row follows the row of the
 * last step.
 */
void happens_before_compute(struct happens_before *happens, const struct program *program,
			    const struct trace *trace, size_t fatal_call_after_trace);

/* Return: whether step @earlier_step happens before step @later_step. */
bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t earlier_step, size_t later_step);

/*
 * Finds the steps of other threads whose release @step acquires: the last unlock of the mutex, the posts of
 * the semaphore, or the earlier free_page() calls of the page. The result does not contain steps that only a
 * line of main orders. Return: the number of steps in @from_steps, at most one for each thread.
 */
size_t happens_before_find_acquired_steps(const struct program *program, const struct trace *trace,
					  size_t step, uint16_t from_steps[PROGRAM_THREADS]);
