/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executing programs on the page library. Two executors:
 *
 *   exec_run_fibers   one OS thread; calls run in the order of the program, each in the
 *                ThreadSanitizer context of its thread. Deterministic.
 *   exec_run_threads  real pthreads that run freely; only what would change the program
 *                itself (lifetimes, locks, semaphores) keeps its order.
 *
 * Both write a trace of what they saw and never look at the model's.
 */
#ifndef HARNESS_EXEC_H
#define HARNESS_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/detect/race_report.h"
#include "harness/detect/tsan_shadow.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* How an execution ended. */
enum exec_end {
	EXEC_DONE,  /* every line ran */
	EXEC_STUCK, /* lines are left and none can run */
	EXEC_STOPPED_BEFORE,   /* stopped before the call that the caller named */
	EXEC_STOPPED_AFTER,  /* stopped after the call of exec_stop_after() */
};

#define EXEC_ERROR_TEXT 160

struct exec;

/* Uses the library's memory too: ThreadSanitizer wants it mapped before any fiber. */
struct exec *exec_new(void);
void exec_delete(struct exec *x);

/*
 * Called before each call of the program with its index, on the thread that makes the
 * call; NULL for none.
 */
typedef void (*exec_call_hook)(void *ctx, size_t call);
void exec_set_call_hook(struct exec *x, exec_call_hook fn, void *ctx);

/*
 * Decide something by each byte that a load reads: MemorySanitizer reports what has no
 * value. Only in a process that may die.
 */
void exec_check_initialised(struct exec *x, bool use);

/*
 * The addresses [from, to) that a load or store of the last program begins to touch;
 * empty for other calls.
 */
void exec_access_range(const struct exec *x, const struct call *call, uintptr_t *from, uintptr_t *to);

/* How the library maps pages: "direct" or "alias". */
const char *exec_backend(void);

/* Before anything else is done with the library. Return: false if it cannot. */
bool exec_set_backend(const char *name);

/*
 * Nothing runs after this call, on fibers, not even what ends the execution: for a call
 * after which nothing is sure. SIZE_MAX, as it begins: all runs.
 */
void exec_stop_after(struct exec *x, size_t call);

/* From now on races are printed, as the detector does, and not seen here. */
void exec_print_races(bool print);

/* Look away after the first race of a program: a report costs more than the rest. */
void exec_set_first_race_only(struct exec *x, bool only);
bool exec_is_first_race_only(const struct exec *x);

/*
 * What tsan_shadow.h wants to know of the last execution on fibers; holds until the next.
 */
struct tsan_facts exec_tsan_facts(const struct exec *x);

/*
 * Runs @program on fibers, up to the call @cut (SIZE_MAX: all of it).
 * @trace: cleared by the caller
 */
enum exec_end exec_run_fibers(struct exec *x, const struct program *program, size_t cut,
			      struct trace *trace);

/*
 * Runs the calls of @plan on pthreads. @plan comes from the model and says what order
 * lifetimes and locks have; the rest of @trace is the execution's own.
 * @stuck: the lines that are left must be unable to run, and are tried.
 * Return: false when threads could not be made.
 */
bool exec_run_threads(struct exec *x, const struct program *program, const struct trace *plan,
		      bool stuck, struct trace *trace);

/* How real threads meet. What they do, and in which order where it counts, stays. */
struct exec_timing {
	bool pin;    /* threads of the program, main too, on a CPU each, in turn */
	bool delays; /* before calls, as delay.h chooses them */
	uint64_t seed;
	uint32_t run; /* of many with that seed: each has delays of its own */
};

/* For executions to come. Without: as the system has it. */
void exec_set_timing(struct exec *x, const struct exec_timing *timing);

/* What the last execution found wrong by itself, or "". */
const char *exec_error(const struct exec *x);

/* The races that the detector saw in the last execution. */
const struct race_reports *exec_race_reports(const struct exec *x);

#endif
