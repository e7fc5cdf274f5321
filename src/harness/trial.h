/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One program before the court of this binary's flavour: the rule model judges it, it is
 * executed on fibers, on real threads, or both, and what it does is held against the model;
 * a call that should end the process gets a process of its own, which must die of the very
 * rule.
 *
 * `run` and `replay` execute many in one process, `minimize` and `triage` each in its own.
 */
#ifndef HARNESS_TRIAL_H
#define HARNESS_TRIAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/isolate.h"
#include "harness/check.h"
#include "harness/model/visible.h"

struct trial_options {
	unsigned int repeat;  /* executions of each program */
	unsigned int seconds; /* time of each program, or of each process that is to die */
	unsigned int cpu;     /* seconds of CPU time of one that is to die; 0: as long as there is time */
	bool fibers, threads; /* on which */
	bool engine; /* a fuzzing engine has its handlers in this process */
	struct exec_timing timing; /* of threads */
};

/* fibers, threads or both. Return: false if it is none. */
bool trial_parse_executor(const char *name, struct trial_options *options);

#define TRIAL_NO_CALL SIZE_MAX

/* What it says of itself; it may die at any time, so it tells as it goes. */
struct trial {
	struct check_report fibers, threads;
	unsigned int reported; /* runs on threads that reported a race */
	bool on_threads; /* else on fibers: where it is, for a process that dies there */
	size_t deaths; /* calls that are to end a process, each by its rule */
	struct death {
		size_t call;
		enum rule rule;
		enum visible visible;
	} death[2];
	bool wrong_death; /* the difference is how such a process ended, or that it did not */
	bool lived;	  /* a process that should have ended did not */
	bool hung;	  /* because it used up its time */
	atomic_int dying; /* such a process, while it lives, or 0 */
	enum rule not_run; /* of a fatal call that nobody could see, or RULE_COUNT */
	atomic_size_t announced; /* the call that began last, or TRIAL_NO_CALL */
	uintptr_t from, to; /* what it begins to touch, through a mapping */
	bool raced;	      /* on fibers: the first report that the model does not know, or the first */
	struct race_report race;
	size_t before; /* the earlier of its calls; TRIAL_NO_CALL: the model does not know it */
};

/* Told of each process that died, in the process that outlived it; NULL for nobody. */
typedef void (*trial_death_fn)(const struct trial *trial, const struct isolated *child);
void trial_listen(trial_death_fn fn);

/* Did the child end by itself, and in order? */
bool trial_lived(const struct isolated *child);

/*
 * Told before each call with its index: @dying says that it is in a process that should
 * die of it. For tests of who holds trials; NULL for nobody.
 */
typedef void (*trial_hook)(struct check *check, const struct program *program, size_t call,
			   bool dying);
void trial_hook_set(trial_hook hook);

/* Where a trial lives: memory that it shares with the processes that it makes. NULL without. */
struct trial *trial_new(void);

/* To be called before each trial. */
void trial_begin(struct trial *trial);

/* Judges and executes, in this process. */
void trial_execute(struct trial *trial, struct check *check, const struct program *program,
		   const struct trial_options *options);

/*
 * Then what is to end a process.
 * @check: the one of trial_execute(), if it is in this process; NULL: a new one, there
 */
void trial_die(struct trial *trial, struct check *check, const struct program *program,
	       const struct trial_options *options);

/* That it differs, and how. */
void trial_differ(struct trial *trial, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* The line that was begun last. */
const char *trial_where(const struct trial *trial, const struct program *program);

/*
 * After trial_execute() in a process of its own, @child.
 * Return: false if that process did not live to its end; the trial then differs.
 */
bool trial_check_alive(struct trial *trial, const struct program *program,
		       const struct trial_options *options, const struct isolated *child);

/* Of the two reports the one that says more. */
const struct check_report *trial_worst(const struct trial *trial);

#endif
