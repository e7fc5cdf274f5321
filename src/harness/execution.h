/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes a program in this binary's flavour and compares the executions with the rule model.
 *
 * 1. The model evaluates the program.
 * 2. The program runs on fibers, on real threads, or both, and stops before its fatal call.
 * 3. Each fatal call runs in a child process, which must end with a report of the call's rule. With the
 *    option catches_reports, step 2 catches reports of the library, and only other fatal calls need a child.
 *
 * A worker of `run` or `replay` makes many executions in one process. A flavour runner, which `minimize`
 * uses, makes each execution in a child process.
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
	unsigned int run_count;          /* how often each executor runs the program */
	unsigned int time_limit_seconds; /* time limit of a program, or of a child that runs a fatal call */
	unsigned int cpu_limit_seconds;  /* CPU seconds of a child that runs a fatal call; 0: no limit */
	bool fibers, threads;            /* whether to run the program on fibers, and on real threads */
	/*
	 * Step 2 also makes the fatal call, in this process, if its report can be caught (exec_catch.c). Step
	 * 3 makes no other fatal call in a child.
	 */
	bool catches_reports;
	bool forks_from_server;    /* after execution_start_server(): its children run the fatal calls */
	bool has_engine_handlers;  /* a fuzzing engine has installed signal handlers in this process */
	struct exec_timing timing; /* how real threads interleave */
};

/* Sets which executors run: "fibers", "threads" or "both". Return: false: other name. */
bool execution_parse_executor(const char *name, struct execution_options *options);

#define EXECUTION_NO_CALL SIZE_MAX

/*
 * State and results of one execution, usually in shared memory. Each result is stored at once, because the
 * process may end at any time.
 */
struct execution {
	struct checker_report fibers, threads; /* reports of the last run on fibers and on real threads */
	unsigned int runs_with_race;           /* number of runs on real threads that reported a race */
	bool runs_on_threads;    /* the program runs on real threads now; needed if the process crashes */
	size_t fatal_call_count; /* valid elements of fatal_calls */
	struct fatal_call {      /* a call that must end its process with a report of a rule */
		size_t call;
		enum rule rule;
		enum detectable detectable;
		bool can_be_caught; /* its report can be caught, so it needs no child process */
	} fatal_calls[2];
	bool has_wrong_exit;          /* a child with a fatal call ended in another way than expected */
	bool has_survived_fatal_call; /* a fatal call returned, but its rule is always detectable */
	bool has_timed_out;           /* a child with a fatal call was killed at its time or CPU limit */
	atomic_int fatal_pid;         /* process ID of the child that runs a fatal call, or 0 */
	bool needs_failure_points;    /* not executed: the program injects failures, the library cannot */
	enum rule undetectable_rule;  /* broken fatal rule that this flavour cannot detect, or RULE_COUNT */
	atomic_size_t last_started_call;      /* index of the last started call, or EXECUTION_NO_CALL */
	uintptr_t accessed_from, accessed_to; /* addresses that a fatal load or store accesses */
	bool has_race;                        /* the detector reported a race in the last run on fibers */
	/* If has_race: the first reported race that the model lacks, or else the first reported race. */
	struct race_report race;
	size_t race_first_call; /* the earlier call of `race`; EXECUTION_NO_CALL: the model lacks `race` */
};

/*
 * Sets a callback that the parent calls after each child with a fatal call, unless the fatal call returns.
 */
typedef void (*execution_child_death_fn)(const struct execution *execution, const struct isolated *child);
void execution_set_child_death_callback(execution_child_death_fn fn);

/*
 * A function that runs before each call of a program; tests use it to make executions fail.
 * @call: index of the call
 * @is_fatal_child: this process is a child that runs a program up to its fatal call
 */
typedef void (*execution_call_hook)(struct checker *checker, const struct program *program, size_t call,
				    bool is_fatal_child);
void execution_set_call_hook(execution_call_hook hook);

/* Clears the state and the results; must be called before each execution. */
void execution_reset(struct execution *execution);

/*
 * Steps 1 and 2: evaluates the program, executes it in this process, and lists its fatal calls. The program's
 * schedule is not run (tool/run/schedule.h).
 */
void execution_evaluate_and_run(struct execution *execution, struct checker *checker,
				const struct program *program, const struct execution_options *options);

/* Step 2 alone: the program must be the program that @checker evaluated last. */
void execution_run(struct execution *execution, struct checker *checker, const struct program *program,
		   const struct execution_options *options);

/*
 * Step 3: runs each fatal call in a child process. With the option catches_reports, does not run a fatal call
 * whose report can be caught, because step 2 has made and checked it. Step 2 has listed the fatal calls.
 * @checker: the checker of steps 1 and 2, if they ran in this process; NULL: each child creates a checker
 */
void execution_run_fatal_calls(struct execution *execution, struct checker *checker,
			       const struct program *program, const struct execution_options *options);

/*
 * Starts the server (isolate_server.h) that forks the children of step 3 with the option forks_from_server.
 * Such a child first runs the whole program, because no other program ran in it. The struct execution of
 * step 3 must be in memory that was shared before this call.
 * @checker: a checker that has run no program
 * Return: false if there is no server; then the option has no effect
 */
bool execution_start_server(struct checker *checker);

/* Return: a text that names the line of the last started call, and says whether real threads ran it. */
const char *execution_last_started_line_text(const struct execution *execution,
					     const struct program *program);

/*
 * For execution_evaluate_and_run() in a child process: if this function did not return, stores how the child
 * ended as a difference. Return: whether the function returned.
 */
bool execution_check_child_exit(struct execution *execution, const struct program *program,
				const struct execution_options *options, const struct isolated *child);

/* Return: the report that has a difference; if no report has one, the report of the run on fibers. */
const struct checker_report *execution_get_differing_or_fiber_report(const struct execution *execution);
