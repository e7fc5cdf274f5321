/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes a program in this binary's flavour and compares it with the rule model.
 *
 * 1. The model evaluates the program.
 * 2. The program runs on fibers, on real threads, or both, and is compared with the model.
 * 3. Each fatal call runs in a child process, which must end with a report of that rule.
 *
 * `run` makes each execution in a process of its own, `replay` many in one process.
 */
#ifndef HARNESS_EXECUTION_H
#define HARNESS_EXECUTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/isolate.h"
#include "harness/checker.h"
#include "harness/model/detectable.h"

struct execution_options {
	unsigned int run_count;  /* runs of each program */
	unsigned int time_limit_seconds; /* time limit of a program, or of a child that runs a fatal call */
	unsigned int cpu_limit_seconds;     /* CPU seconds of a child that runs a fatal call; 0: no limit */
	bool fibers, threads; /* which executors to use */
	bool has_engine_handlers; /* a fuzzing engine has installed its handlers in this process */
	struct exec_timing timing; /* how real threads interleave */
};

/* Parses "fibers", "threads" or "both". Return: false for another name. */
bool execution_parse_executor(const char *name, struct execution_options *options);

#define EXECUTION_NO_CALL SIZE_MAX

/*
 * The state of one execution. It is written as the execution proceeds, because the process may die
 * at any time.
 */
struct execution {
	struct checker_report fibers, threads;
	unsigned int runs_with_race; /* runs on threads in which a race was reported */
	/* The current part of the execution, for a report if the process crashes: false is fibers. */
	bool runs_on_threads;
	size_t fatal_count; /* fatal calls; each must end a process with a report of its rule */
	struct fatal_call {
		size_t call;
		enum rule rule;
		enum detectable detectable;
	} fatal[2];
	bool has_wrong_exit; /* the difference is how a child with a fatal call ended */
	bool has_survived;	  /* a child returned from its fatal call */
	bool has_timed_out;	  /* a child was killed at its time limit */
	atomic_int fatal_pid; /* process ID of the child that runs a fatal call, or 0 */
	enum rule undetectable_rule; /* rule of a fatal call that is not detectable here, or RULE_COUNT */
	atomic_size_t last_started_call; /* the last call that was started, or EXECUTION_NO_CALL */
	uintptr_t from, to; /* addresses that this call accesses first, through a mapping */
	bool has_race;	      /* a race was reported on fibers: the first one unknown to the model,
			       * or else the first */
	struct race_report race;
	size_t race_first_call; /* the earlier call of that race; EXECUTION_NO_CALL if the model
				 * does not have it */
};

/* Sets the callback for each child that ended abnormally; it runs in the parent. NULL: none. */
typedef void (*execution_exit_fn)(const struct execution *execution, const struct isolated *child);
void execution_set_exit_callback(execution_exit_fn fn);

/* Return: whether the child exited by itself with status 0. */
bool isolated_succeeded(const struct isolated *child);

/*
 * Called before each call with its index, for tests of the callers. NULL: none.
 * @dying: this is a child process, which the call should end
 */
typedef void (*execution_call_hook)(struct checker *check, const struct program *program, size_t call,
				    bool dying);
void execution_set_call_hook(execution_call_hook hook);

/*
 * Allocates an execution in memory that is shared with child processes. Return: NULL without
 * memory.
 */
struct execution *execution_new(void);

/* Must be called before each execution. */
void execution_reset(struct execution *execution);

/* Evaluates the program and executes it in this process. */
void execution_run(struct execution *execution, struct checker *check, const struct program *program,
		   const struct execution_options *options);

/*
 * Runs the fatal calls in child processes.
 * @check: that of execution_run() if it ran in this process; NULL: the child creates one
 */
void execution_run_fatal_calls(struct execution *execution, struct checker *check,
			       const struct program *program,
			       const struct execution_options *options);

/* Return: the line of the last call that was started, as text. */
const char *execution_line_text(const struct execution *execution, const struct program *program);

/*
 * After execution_run() in a process of its own, @child.
 * Return: false if that process did not live to its end; the execution then differs.
 */
bool execution_check_alive(struct execution *execution, const struct program *program,
			   const struct execution_options *options, const struct isolated *child);

/* Return: the report with a difference; without a difference, the report of the fibers. */
const struct checker_report *execution_select_report(const struct execution *execution);

#endif
