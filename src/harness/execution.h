/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One program before the court of this binary's flavour: the rule model judges it, it is
 * executed on fibers, on real threads, or both, and what it does is held against the model;
 * a call that should end the process gets a process of its own, which must die of the very
 * rule.
 *
 * `run` holds each trial in a process of its own, `replay` many in one.
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
	unsigned int repeat;  /* executions of each program */
	unsigned int seconds; /* time of each program, or of each process that is to die */
	unsigned int cpu;     /* seconds of CPU time of one that is to die; 0: as long as there is time */
	bool fibers, threads; /* on which */
	bool engine; /* a fuzzing engine has its handlers in this process */
	struct exec_timing timing; /* of threads */
};

/* fibers, threads or both. Return: false if it is none. */
bool execution_parse_executor(const char *name, struct execution_options *options);

#define EXECUTION_NO_CALL SIZE_MAX

/* What it says of itself; it may die at any time, so it tells as it goes. */
struct execution {
	struct checker_report fibers, threads;
	unsigned int reported; /* runs on threads that reported a race */
	const char *part; /* of the run, for a process that dies in it */
	size_t fatal_count; /* calls that are to end a process, each by its rule */
	struct fatal_call {
		size_t call;
		enum rule rule;
		enum detectable detectable;
	} fatal[2];
	bool wrong_exit; /* the difference is how such a process ended, or that it did not */
	bool survived;	  /* a process that should have ended did not */
	bool hung;	  /* because it used up its time */
	atomic_int fatal_pid; /* such a process, while it lives, or 0 */
	enum rule not_run; /* of a fatal call that nobody could see, or RULE_COUNT */
	atomic_size_t announced; /* the call that began last, or EXECUTION_NO_CALL */
	uintptr_t from, to; /* what it begins to touch, through a mapping */
	bool has_race;	      /* on fibers: the first report that the model does not know, or the first */
	struct race_report race;
	size_t race_first_call; /* the earlier of its calls; EXECUTION_NO_CALL: the model does not know it */
};

/* Told of each process that died, in the process that outlived it; NULL for nobody. */
typedef void (*execution_exit_fn)(const struct execution *execution, const struct isolated *child);
void execution_set_exit_callback(execution_exit_fn fn);

/* Has it ended by itself, and in order? */
bool isolated_succeeded(const struct isolated *child);

/*
 * Told before each call with its index: @dying says that it is in a process that should
 * die of it. For tests of who holds trials; NULL for nobody.
 */
typedef void (*execution_call_hook)(struct checker *check, const struct program *program, size_t call,
				    bool dying);
void execution_set_call_hook(execution_call_hook hook);

/* Where a trial lives: memory that it shares with the processes that it makes. NULL without. */
struct execution *execution_new(void);

/* To be called before each execution. */
void execution_reset(struct execution *execution);

/* Judges and executes, in this process. */
void execution_run(struct execution *execution, struct checker *check, const struct program *program,
		   const struct execution_options *options);

/*
 * Then what is to end a process.
 * @check: the one of execution_run(), if it is in this process; NULL: a new one, there
 */
void execution_run_fatal_calls(struct execution *execution, struct checker *check,
			       const struct program *program,
			       const struct execution_options *options);

/* That it differs, and how. */
void execution_set_difference(struct execution *execution, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* The line that was begun last. */
const char *execution_line_text(const struct execution *execution, const struct program *program);

/* How a child ended, or that it did not; and its report, if there is one. */
#define EXECUTION_EXIT_TEXT 200
const char *execution_exit_text(const struct isolated *child, unsigned int seconds,
				char end[EXECUTION_EXIT_TEXT]);

/* Of the two reports the one that says more. */
const struct checker_report *execution_worst_report(const struct execution *execution);

/*
 * What was seen on fibers, in words, and that a call was not run: what was not executed was
 * not seen either, and is not clean for that.
 */
#define EXECUTION_SEEN_TEXT (RULE_SET_TEXT + 16)
void execution_seen_text(const struct execution *execution, const struct execution_options *options,
			 char text[EXECUTION_SEEN_TEXT]);

#endif
