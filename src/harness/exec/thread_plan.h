/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What order real threads must keep so that they still run the same program.
 *
 * Threads run freely, but a program says more than its calls: which owner frees last,
 * who gets a mutex first, which post a wait takes. If that changed, another program
 * would run. So a call on a mutex, a semaphore or a page's life waits until the
 * earlier calls on it are done. The wait is hidden: no detector sees order in it.
 *
 * Order that detectors must see, around the lines of main, is listed apart.
 */
#ifndef HARNESS_THREAD_PLAN_H
#define HARNESS_THREAD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/program/program.h"
#include "harness/program/trace.h"

struct thread_step {
	/* Steps that each thread must have done: it is past the step of that number. */
	uint16_t after[PROGRAM_THREADS];
	uint16_t join;	 /* of main: bit t: wait, visibly, for what thread t did */
	uint16_t fork;	 /* of main: bit t: let thread t go on, visibly, after this */
	bool signals;	 /* of a thread: main joins it after this step */
	bool waits;	 /* of a thread: main forks it before this step */
	uint16_t forker; /* then the step of main that does */
};

struct thread_plan {
	uint16_t first_of[PROGRAM_THREADS]; /* first step, or THREAD_PLAN_NONE */
	struct thread_step steps[PROGRAM_CALLS];
};

#define THREAD_PLAN_NONE UINT16_MAX

void thread_plan_init(struct thread_plan *plan, const struct program *program,
		      const struct trace *trace);

#endif
