/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Computes the order that real threads must keep so that they run the same program.
 *
 * Threads run freely, but a program also defines which thread frees a page last, which thread locks a mutex
 * first, and which post a wait consumes. With another order of frees, locks or posts, the threads would run
 * another program. So a call that changes an object waits until the earlier calls on the object are done. An
 * object is a page's lifetime, a mapping, a slice, a mutex or a semaphore. Detectors do not see the order
 * that these waits make.
 *
 * Detectors must see the order between lines of main and lines of other threads, so the plan lists this order
 * separately (joined_threads, released_threads).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/program/program.h"
#include "harness/program/trace.h"

struct thread_step {
	/*
	 * For each thread t: index + 1 of the step of t that must have ended before this step begins; 0: no
	 * step of t. Detectors do not see the order by required_step_plus_1, but see the order by the
	 * members after page_change_step_plus_1.
	 */
	uint16_t required_step_plus_1[PROGRAM_THREADS];
	/* The same of the steps that change the page of a free; 0 if the step is no free. */
	uint16_t page_change_step_plus_1[PROGRAM_THREADS];
	uint16_t joined_threads;   /* step of main: bit t: main waits for thread t before the step */
	uint16_t released_threads; /* step of main: bit t: main releases thread t after the step */
	bool must_signal_main;     /* step of another thread: main waits for the end of the step */
	bool must_wait_for_main;   /* step of another thread: main must release the thread first */
	uint16_t releasing_step;   /* if must_wait_for_main: step of main that releases the thread */
};

struct thread_plan {
	uint16_t first_step[PROGRAM_THREADS]; /* index of each thread's first step, or THREAD_PLAN_NONE */
	struct thread_step steps[PROGRAM_CALLS];
};

#define THREAD_PLAN_NONE UINT16_MAX

/* Computes the plan from @model_trace, whose steps become the steps of the plan. */
void thread_plan_init(struct thread_plan *plan, const struct program *program,
		      const struct trace *model_trace);
