/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs several threads on one OS thread, and lets a strategy decide which of them runs next at every point:
 *
 * 1. Each thread is a coroutine with a stack of its own, and a fiber for ThreadSanitizer.
 * 2. The hooks of tsan_hooks.h make a point of each atomic access and each lock of the library. The executor
 *    makes the points of the program's own calls.
 * 3. A point at an address that only one thread uses needs no decision (shared_addresses.h).
 * 4. The lines of the program between two fork-join points are a section. Before the first decision of a
 *    section, each thread runs up to its first point.
 *
 * The driver is the coroutine that called scheduler_begin_execution(). Unless a comment says that a running
 * thread calls a function, the driver calls it.
 */
#pragma once

#include "harness/detect/tsan_hooks.h"
#include "harness/exec/exec.h"
#include "harness/exec/interleaving.h"
#include "harness/interleave/strategy.h"

/* Maps the stacks of the threads. Return: false without memory. */
bool scheduler_map_stacks(void);

/* @result: gets the decisions, and why an execution cannot go on. */
void scheduler_begin_execution(struct exec *exec, const struct strategy *strategy,
			       struct interleaving *result);

/* @position: of a decision at the begin of the section (struct deviation), see deviations.h. */
void scheduler_begin_section(uint32_t position);

/* Runs the thread up to its first point. @run_thread: ends with scheduler_end_thread(). */
void scheduler_start_thread(uint8_t thread, void (*run_thread)(void));

/* Returns when all started threads have ended, or the execution cannot go on (result->end). */
void scheduler_run_threads(void);

/* The thread's actions happen before what main does from now on. */
void scheduler_join_thread(uint8_t thread);

/* A running thread calls it at its end. Another thread runs next. */
_Noreturn void scheduler_end_thread(void);

/* Return: the thread that runs; NO_THREAD: the driver. */
uint8_t scheduler_running_thread(void);

/* A running thread calls it before each of its calls. @call: the index in the program. */
void scheduler_set_call(uint8_t thread, size_t call);

/* A running thread is about to make the point. Returns when it is the thread's turn to make it. */
void scheduler_reach_point(enum point_kind kind, const volatile void *addr, size_t size);

/* The library is about to access @addr (tsan_hooks.h). Makes a point of it if a thread runs. */
void scheduler_handle_hook(enum tsan_hook hook, const volatile void *addr, size_t size);
