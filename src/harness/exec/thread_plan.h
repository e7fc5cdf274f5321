/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Computes the order that real threads must keep so that they run the same program.
 *
 * Threads run freely, but a program also defines which thread frees a page last, which locks a mutex first,
 * and which post a wait consumes. In another order it would be another program. So a call on a
 * mutex, a semaphore or a page's lifetime waits until the earlier calls on it are done. The wait is
 * hidden: no detector sees an order.
 *
 * The order around lines of main, which detectors must see, is listed separately.
 */
#ifndef HARNESS_THREAD_PLAN_H
#define HARNESS_THREAD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/program/program.h"
#include "harness/program/trace.h"

struct thread_step {
	/* For each thread, the number of steps that it must have finished before. */
	uint16_t required_progress[PROGRAM_THREADS];
	/* In a step of main: bit t: wait for thread t before this step. Detectors see this order. */
	uint16_t joined_threads;
	/* In a step of main: bit t: release thread t after this step. Detectors see this order. */
	uint16_t released_threads;
	/* In a step of another thread: main joins the thread after this step. */
	bool must_signal_main;
	/* In a step of another thread: main releases the thread before this step. */
	bool must_wait_for_main;
	uint16_t releasing_step; /* the step of main that releases this step */
};

struct thread_plan {
	uint16_t first_step[PROGRAM_THREADS]; /* the thread's first step, or THREAD_PLAN_NONE */
	struct thread_step steps[PROGRAM_CALLS];
};

#define THREAD_PLAN_NONE UINT16_MAX

void thread_plan_init(struct thread_plan *plan, const struct program *program,
		      const struct trace *trace);

#endif
