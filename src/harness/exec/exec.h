/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes programs on the page library. There are two executors:
 *
 *   exec_run_fibers()   one OS thread; calls run in the order of the program, each in the
 *                       ThreadSanitizer context of its thread. Deterministic.
 *   exec_create_and_run_threads()  real pthreads that run freely; only the order that defines the program
 *                       (of lifetimes, locks and semaphores) is kept.
 *
 * Both record what happened in a trace. Results, bytes and pages in the trace never come from the
 * model.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/detect/race_report.h"
#include "harness/detect/tsan_shadow.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* How an execution ended. */
enum exec_end {
	EXEC_DONE,           /* every line ran */
	EXEC_DEADLOCKED,     /* deadlock: no remaining line can run */
	EXEC_STOPPED_BEFORE, /* stopped before the call that the caller named */
	EXEC_STOPPED_AFTER,  /* stopped after the call of the option stop_after_call */
};

#define EXEC_ERROR_TEXT 160

struct exec;

/*
 * Allocates an executor. Also initialises the library's memory, because ThreadSanitizer needs this
 * memory mapped before the first fiber exists. Return: NULL without memory.
 */
struct exec *exec_new(void);
void exec_delete(struct exec *exec);

/* How real threads interleave. Neither the calls nor their required order change. */
struct exec_timing {
	bool pins_threads;   /* pin each thread of the program, main included, to the next CPU */
	bool has_delays;     /* delay each call as delay.h computes */
	uint64_t seed;       /* of the delays */
	uint32_t run_number; /* number of the run with that seed: each run has its own delays */
};

struct exec_options {
	/* Called before each call of the program, on the thread that makes it. NULL: no hook. */
	void (*call_hook)(size_t call);
	/*
	 * Branch on each byte that a load reads, so that MemorySanitizer reports uninitialised
	 * bytes. Only for a process that may die.
	 */
	bool check_initialised;
	bool first_race_only; /* ignore all calls after the first one that races: a report is slow
			       */
	/*
	 * The execution on fibers stops after this call, without the cleanup: after a fatal call
	 * the library's state is undefined. SIZE_MAX, the default: run all calls.
	 */
	size_t stop_after_call;
	struct exec_timing timing; /* the default is the system's scheduling */
};

/* Return: the options of the next executions, which the caller may change. */
struct exec_options *exec_options(struct exec *exec);

/*
 * Stores the addresses [*from, *to) that a load or store accesses through its mapping. Only valid
 * just before the call runs. Stores an empty range for other calls.
 */
void exec_get_mapped_access_range(const struct exec *exec, const struct call *call, uintptr_t *from,
				  uintptr_t *to);

/* Return: how the library maps pages: "direct" or "alias". */
const char *exec_backend_name(void);

/*
 * Selects the backend "direct" or "alias". Must be called before any other use of the library.
 * Return: false if the library does not have this backend.
 */
bool exec_set_backend(const char *name);

/* If @print, the detector prints the races of later executions, and none is recorded. */
void exec_set_races_printed_only(bool print);

/* Return: facts about the last execution on fibers; valid until the next execution. */
struct tsan_facts exec_tsan_facts(const struct exec *exec);

/*
 * Runs @program on fibers.
 * @stop_before_call: index of the call before which the execution stops; SIZE_MAX: run all calls
 * @trace: records the execution; the caller clears it
 */
enum exec_end exec_run_fibers(struct exec *exec, const struct program *program, size_t stop_before_call,
			      struct trace *trace);

/*
 * Runs the calls of @plan_trace on pthreads. @plan_trace is the model's trace, which defines the
 * calls that run, and the order of lifetimes and locks; results, bytes and pages in @trace are
 * observed.
 * @must_verify_deadlock: the executor checks that the next call of each thread blocks, as in a deadlock
 * Return: false if threads cannot be created.
 */
bool exec_create_and_run_threads(struct exec *exec, const struct program *program,
				 const struct trace *plan_trace, bool must_verify_deadlock,
				 struct trace *trace);

/* Return: text of the first error that the executor itself found in the last execution, or "". */
const char *exec_error_text(const struct exec *exec);

/* Return: the races that the detector reported in the last execution. */
const struct race_reports *exec_race_reports(const struct exec *exec);
