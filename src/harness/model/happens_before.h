/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Computes happens-before from the calls of a trace instead of clocks, to explain it to people. It
 * is independent of the rule model's clocks, so tests compare the two.
 */
#ifndef HARNESS_HAPPENS_BEFORE_H
#define HARNESS_HAPPENS_BEFORE_H

#include "harness/program/program.h"
#include "harness/program/trace.h"

/* No call of that thread. */
#define HAPPENS_BEFORE_NONE UINT16_MAX

/* For each step, the last step of each thread that happens before it, or HAPPENS_BEFORE_NONE. */
struct happens_before {
	uint16_t last_known_step[PROGRAM_CALLS][PROGRAM_THREADS];
};

/*
 * @fatal: the call before which the trace ends, or SIZE_MAX. It gets a row too, after the
 * last step.
 */
void happens_before_init(struct happens_before *happens, const struct program *program,
			 const struct trace *trace, size_t fatal);

/* Return: whether step @a happens before step @b, which ran later. */
bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t a, size_t b);

/*
 * Finds the steps of other threads that the step itself acquires from: the unlock, the posts, the
 * earlier drops of a page. Order by lines of main is not included.
 * Return: the number of steps, at most one for each thread.
 */
size_t happens_before_find_edges(const struct program *program, const struct trace *trace,
				 size_t step, uint16_t from[PROGRAM_THREADS]);

#endif
