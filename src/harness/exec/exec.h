/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes programs on the page library. There are two executors:
 *
 *   exec_run_fibers()   one OS thread; calls run in the order of the program, each in the
 *                       ThreadSanitizer context of its thread. Deterministic.
 *   exec_run_threads()  real pthreads that run freely; only what defines the program
 *                       (lifetimes, locks, semaphores) keeps its order.
 *
 * Both write a trace of what happened, and never read the model's.
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
	EXEC_STUCK, /* deadlock: no remaining line can run */
	EXEC_STOPPED_BEFORE,   /* stopped before the call that the caller named */
	EXEC_STOPPED_AFTER,  /* stopped after the call of the option last_call */
};

#define EXEC_ERROR_TEXT 160

struct exec;

/* Also initialises the library's memory: ThreadSanitizer needs it mapped before the first fiber. */
struct exec *exec_new(void);
void exec_delete(struct exec *exec);

/*
 * How real threads interleave. Their calls, and the order that defines the program, do not
 * change.
 */
struct exec_timing {
	bool pins_threads;    /* pin each thread of the program, main included, to a CPU, in turn */
	bool has_delays; /* delay calls as delay.h chooses */
	uint64_t seed;
	uint32_t run_number; /* number of the run with that seed: each has its own delays */
};

struct exec_options {
	/* Called before each call of the program, on the thread that makes it. NULL: no hook. */
	void (*call_hook)(size_t call);
	/*
	 * Branches on each byte that a load reads, so that MemorySanitizer reports uninitialised
	 * ones. Only for a process that may die.
	 */
	bool check_initialised;
	/* Ignores accesses after the first race of a program: a report is slow. */
	bool first_race_only;
	/*
	 * The execution on fibers stops after this call, without the cleanup: after a fatal call
	 * the library's state is undefined. SIZE_MAX, the default: run everything.
	 */
	size_t last_call;
	struct exec_timing timing; /* the default is the system's scheduling */
};

/* Return: the options of later executions, which the caller may change. */
struct exec_options *exec_options(struct exec *exec);

/*
 * Gets the addresses [from, to) that a load or store of the last program accesses first; empty for
 * other calls.
 */
void exec_access_range(const struct exec *exec, const struct call *call, uintptr_t *from,
		       uintptr_t *to);

/* Return: how the library maps pages: "direct" or "alias". */
const char *exec_backend_name(void);

/*
 * Must be called before any other use of the library. Return: false if the backend is
 * unavailable.
 */
bool exec_set_backend(const char *name);

/*
 * If @print, the detector prints each race on standard error; otherwise the executor records the
 * race.
 */
void exec_print_races(bool print);

/*
 * Return: the facts of the last execution on fibers for tsan_shadow.h; valid until the next
 * execution.
 */
struct tsan_facts exec_tsan_facts(const struct exec *exec);

/*
 * Runs @program on fibers, up to the call @cut (SIZE_MAX: all calls).
 * @trace: cleared by the caller
 */
enum exec_end exec_run_fibers(struct exec *exec, const struct program *program, size_t cut,
			      struct trace *trace);

/*
 * Runs the calls of @plan on pthreads. @plan comes from the model and defines the order of
 * lifetimes and locks; everything else in @trace is observed.
 * @stuck: the remaining lines must be unable to run; the executor tries them
 * Return: false if threads cannot be created.
 */
bool exec_run_threads(struct exec *exec, const struct program *program, const struct trace *plan,
		      bool stuck, struct trace *trace);

/* Return: the first error that the last execution itself found, or "". */
const char *exec_error(const struct exec *exec);

/* Return: the races that the detector reported in the last execution. */
const struct race_reports *exec_race_reports(const struct exec *exec);

#endif
