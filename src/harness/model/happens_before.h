/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What happens before what, told for people: not by clocks but by calls. Made from a
 * trace alone, so it is a second opinion on the rule model's clocks too.
 */
#ifndef HARNESS_HAPPENS_BEFORE_H
#define HARNESS_HAPPENS_BEFORE_H

#include "harness/program/program.h"
#include "harness/program/trace.h"

/* No call of that thread. */
#define HAPPENS_BEFORE_NONE UINT16_MAX

/* For each step: the last step of each thread that happens before it, or HAPPENS_BEFORE_NONE. */
struct happens_before {
	uint16_t known[PROGRAM_CALLS][PROGRAM_THREADS];
};

/*
 * @fatal: the call that the trace ends before, SIZE_MAX if there is none: it gets a row
 * too, behind the last step
 */
void happens_before_init(struct happens_before *happens, const struct program *program,
			 const struct trace *trace, size_t fatal);

/* Does step @a happen before step @b, which ran later? */
bool happens_before_is_ordered(const struct happens_before *happens, const struct program *program,
			       const struct trace *trace, size_t a, size_t b);

/*
 * The steps of other threads that the step acquires from by itself: the unlock, the posts,
 * the earlier drops of a page. What a line of main orders anyway is not among them.
 * Return: how many, at most one of each thread.
 */
size_t happens_before_edges(const struct program *program, const struct trace *trace, size_t step,
			    uint16_t from[PROGRAM_THREADS]);

#endif
