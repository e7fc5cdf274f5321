/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes programs on the page library, with two executors. The executor exec_run_fibers() is deterministic:
 * one OS thread makes all calls in the order of the program, each in the ThreadSanitizer fiber of its thread.
 * The executor exec_create_and_run_threads() uses pthreads, which keep only the order of lifetimes, locks and
 * semaphores. Both executors record a trace, in which results, bytes and pages never come from the rule
 * model.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/detect/race_report.h"
#include "harness/detect/report_catch.h"
#include "harness/detect/tsan_shadow.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* How an execution ended. */
enum exec_end {
	EXEC_DONE,           /* every line ran */
	EXEC_DEADLOCKED,     /* deadlock: none of the remaining lines can run */
	EXEC_STOPPED_BEFORE, /* stopped before the call @stop_before_call */
	EXEC_STOPPED_AFTER,  /* stopped after the call of the option stop_after_call, or a fatal call */
};

#define EXEC_ERROR_TEXT 160

struct exec;

/*
 * Allocates an executor. The function also makes the library map its memory, because ThreadSanitizer needs
 * this memory before the first fiber exists. Return: NULL without memory.
 */
struct exec *exec_new(void);

/*
 * Allocates an executor that can run interleavings only (interleaving.h). If the process forks before the
 * first interleaving, ThreadSanitizer still observes the child process, because there is no fiber yet.
 * @must_use_library: whether to allocate and map pages, as exec_new() does
 */
struct exec *exec_new_without_fibers(bool must_use_library);
void exec_delete(struct exec *exec);

/*
 * Replaces the fibers. All accesses so far happen before the accesses of the new fibers. To report a race,
 * ThreadSanitizer searches the accesses of the fiber of the earlier access, so new fibers make reports
 * faster.
 */
void exec_renew_fibers(struct exec *exec);

/* Options that vary how real threads interleave, but not the calls or their required order. */
struct exec_timing {
	bool pins_threads;   /* pin each thread of the program, including main, to one CPU */
	bool has_delays;     /* wait before each call as delay_compute() decides */
	uint64_t seed;       /* of the delays */
	uint32_t run_number; /* number of the run with this seed; each run has other delays */
};

struct exec_options {
	/* Each thread runs this function before each of its calls. NULL: no function. */
	void (*call_hook)(size_t call);
	/*
	 * Branch on each byte that a load reads, so that MemorySanitizer reports an uninitialised byte. Only
	 * for a process that may die, because a report of MemorySanitizer ends the process.
	 */
	bool check_initialised;
	bool first_race_only; /* ignore all calls after the first race report, because reports are slow */
	/*
	 * exec_run_fibers() stops after this call without a clean-up, because a fatal call leaves the
	 * library's state undefined. Default SIZE_MAX: run all calls.
	 */
	size_t stop_after_call;
	/*
	 * exec_run_fibers() also makes the call before which it stops, and catches its report. If the fatal
	 * call returns, the execution stops without a clean-up.
	 */
	bool catches_report;
	struct exec_timing timing; /* default: no pinning, no delays */
};

/* The fatal call of an execution with the option catches_report. */
struct exec_caught_call {
	bool was_made;
	size_t call;                        /* index of the call */
	bool has_returned;                  /* or, for a load or store, AddressSanitizer would not report */
	bool has_damaged_library;           /* the library made the call, which leaves its state undefined */
	char report_line[REPORT_LINE_SIZE]; /* empty if has_returned */
};

/* Return: the fatal call of the last execution on fibers. */
const struct exec_caught_call *exec_caught_call(const struct exec *exec);

/* Return: the options of all later executions; the caller may change these options. */
struct exec_options *exec_options(struct exec *exec);

/*
 * Stores the addresses [*from, *to) that @call accesses through its mapping; an empty range if @call is no
 * load or store. The range is correct only just before @call runs.
 */
void exec_get_mapped_access_range(const struct exec *exec, const struct call *call, uintptr_t *from,
				  uintptr_t *to);

/* Return: the backend with which the library maps pages, `direct` or `alias`. */
const char *exec_backend_name(void);

/*
 * Selects the backend `direct` or `alias`. The caller must select the backend before any other use of the
 * library.
 * Return: false if the library does not have this backend.
 */
bool exec_set_backend(const char *name);

/* If @print, ThreadSanitizer prints the races of later executions, and the executor records no race. */
void exec_set_races_printed_only(bool print);

/* Return: callbacks that answer questions about the last execution on fibers, until the next execution. */
struct tsan_facts exec_tsan_facts(const struct exec *exec);

/*
 * Runs @program on fibers.
 * @stop_before_call: index of the call before which the execution stops; SIZE_MAX: run all calls.
 * @trace: receives the execution's steps and pages; the caller clears the trace before.
 */
enum exec_end exec_run_fibers(struct exec *exec, const struct program *program, size_t stop_before_call,
			      struct trace *trace);

/*
 * Runs the calls of @plan_trace, the rule model's trace, on pthreads. @plan_trace determines which calls run,
 * and the order of lifetimes, locks and semaphores. @trace receives the observed results, bytes and pages.
 * @must_verify_deadlock: check at the end that the next call of each thread blocks, as in a deadlock.
 * Return: false if threads cannot be created.
 */
bool exec_create_and_run_threads(struct exec *exec, const struct program *program,
				 const struct trace *plan_trace, bool must_verify_deadlock,
				 struct trace *trace);

/* Return: message about the first error that the executor found in the last execution; empty if none. */
const char *exec_error_text(const struct exec *exec);

/* Return: the races that ThreadSanitizer reported in the last execution. */
const struct race_reports *exec_race_reports(const struct exec *exec);
