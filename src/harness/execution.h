/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes a program in this binary's flavour and compares the executions with the rule model.
 *
 * 1. The model evaluates the program.
 * 2. The program runs on fibers, on real threads, or both, up to its fatal call.
 * 3. Each fatal call runs in a child process, which must end with a report of the call's rule.
 *
 * A worker of `run` or `replay` makes many executions in one process. A flavour runner, which
 * `minimize` uses, makes each execution in a child process.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/isolate.h"
#include "harness/checker.h"
#include "harness/model/detectable.h"

struct execution_options {
	unsigned int run_count;          /* runs of each program by each executor */
	unsigned int time_limit_seconds; /* time limit of a program, or of a child that runs a fatal call */
	unsigned int cpu_limit_seconds;  /* CPU seconds of a child that runs a fatal call; 0: no limit */
	bool fibers, threads;            /* run the program on fibers, on real threads */
	bool has_engine_handlers;        /* a fuzzing engine has installed signal handlers in this process
					  */
	struct exec_timing timing;       /* how real threads interleave */
};

/* Sets which executors run: "fibers", "threads" or "both". Return: false: other name. */
bool execution_parse_executor(const char *name, struct execution_options *options);

#define EXECUTION_NO_CALL SIZE_MAX

/*
 * State and results of one execution, usually in shared memory. They are written as the execution
 * proceeds, because the process may die at any time.
 */
struct execution {
	struct checker_report fibers, threads; /* of the last run on fibers, on real threads */
	unsigned int runs_with_race;           /* runs on threads in which a race was reported */
	bool runs_on_threads;    /* runs on real threads now, for a report if the process crashes */
	size_t fatal_call_count; /* valid elements of fatal_calls */
	struct fatal_call {      /* a call that must end its process with a report of a rule */
		size_t call;
		enum rule rule;
		enum detectable detectable;
	} fatal_calls[2];
	bool has_wrong_exit;          /* a child with a fatal call ended in another way than expected */
	bool has_survived_fatal_call; /* a fatal call returned, but its rule is always detectable */
	bool has_timed_out;           /* a child with a fatal call was killed at its time limit or CPU limit
				       */
	atomic_int fatal_pid;         /* process ID of the child that runs a fatal call, or 0 */
	enum rule undetectable_rule;  /* of a fatal call that this flavour cannot detect, or
					 RULE_COUNT */
	atomic_size_t last_started_call;      /* index of the last call that was started, or
						 EXECUTION_NO_CALL */
	uintptr_t accessed_from, accessed_to; /* addresses that a fatal load or store accesses */
	bool has_race;                        /* the detector reported a race in the last run on fibers */
	/* If has_race: the first race that the model does not have, or else the first race. */
	struct race_report race;
	size_t race_first_call; /* the earlier call of `race`; EXECUTION_NO_CALL: not in the model
				 */
};

/*
 * Sets a callback that runs in the parent after each child with a fatal call that was killed or
 * exited with a status other than 0, as such a child should.
 */
typedef void (*execution_child_death_fn)(const struct execution *execution, const struct isolated *child);
void execution_set_child_death_callback(execution_child_death_fn fn);

/* Return: whether the child exited by itself, in time and with status 0. */
bool isolated_succeeded(const struct isolated *child);

/*
 * A function that runs before each call of a program; tests of the callers misbehave in it.
 * @call: index of the call
 * @is_fatal_child: this process is a child that runs a program up to its fatal call
 */
typedef void (*execution_call_hook)(struct checker *checker, const struct program *program, size_t call,
				    bool is_fatal_child);
void execution_set_call_hook(execution_call_hook hook);

/* Clears the state and the results. Must be called before each execution. */
void execution_reset(struct execution *execution);

/* Steps 1 and 2: evaluates the program, executes it in this process, and lists its fatal calls. */
void execution_evaluate_and_run(struct execution *execution, struct checker *checker,
				const struct program *program, const struct execution_options *options);

/*
 * Step 3: runs each fatal call that execution_evaluate_and_run() listed in a child process.
 * @checker: of execution_evaluate_and_run(), if it ran in this process; NULL: each child creates its own
 */
void execution_run_fatal_calls(struct execution *execution, struct checker *checker,
			       const struct program *program, const struct execution_options *options);

/* Return: text about the last call that was started: "line N" and, if so, that threads ran. */
const char *execution_last_started_line_text(const struct execution *execution,
					     const struct program *program);

/*
 * For execution_evaluate_and_run() in a child process: if the process did not exit with status 0, stores how
 * it ended as a difference. Return: false in this case.
 */
bool execution_check_child_exit(struct execution *execution, const struct program *program,
				const struct execution_options *options, const struct isolated *child);

/* Return: the report with a difference; without a difference, the report of the fibers. */
const struct checker_report *execution_select_report(const struct execution *execution);
