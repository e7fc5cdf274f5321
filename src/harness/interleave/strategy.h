/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A strategy decides at each point which thread runs next, and so which interleavings a search executes. A
 * strategy has one state, for one search at a time. The state is in memory that child processes share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/interleave/point.h"
#include "harness/program/program.h"

/* The most decisions of one execution. An execution that needs more is reported as a livelock. */
#define DECISIONS_MAX 4096

/* A moment at which a strategy decides. Threads are bits of a mask. */
struct moment {
	size_t index;               /* number of decisions before this one, in this execution */
	uint16_t alive, enabled;    /* threads that have not ended; those of them that can run now */
	uint8_t running;            /* the thread that ran last; NO_THREAD after a fork-join point */
	uint32_t position;          /* as in struct deviation (deviations.h) */
	const struct point *points; /* for each thread that is alive, the point that it is about to make */
};

struct strategy {
	const char *name;
	bool decides_at_every_point; /* choose() is called also for points at addresses that are not shared */
	void (*begin_search)(void);
	void (*begin_execution)(void);
	/* Before a fork-join point: whatever ran so far happens before whatever follows. NULL: not needed. */
	void (*begin_section)(size_t index);
	/* Return: an enabled thread; NO_THREAD: the schedule does not fit, and the execution ends. */
	uint8_t (*choose)(const struct moment *moment);
	/* No thread is enabled, but threads are alive: a deadlock. NULL: not needed. */
	void (*handle_deadlock)(const struct moment *moment);
	/* Return: whether the execution repeats an equivalent earlier one. NULL: never. */
	bool (*is_redundant)(void);
	/* After an execution with @decision_count decisions. Return: false if the search is complete. */
	bool (*prepare_next)(size_t decision_count);
};

/* The thread that runs if a strategy has no reason for another one: the running thread, else the lowest. */
static inline uint8_t strategy_default_choice(const struct moment *moment)
{
	if (moment->running != NO_THREAD && moment->enabled & 1u << moment->running)
		return moment->running;
	return (uint8_t)__builtin_ctz(moment->enabled);
}

/* Executes one interleaving of each set of equivalent ones (dynamic partial-order reduction, source sets). */
extern const struct strategy strategy_dpor;

/* For tests of the tests: errors in the reduction, with which later searches miss interleavings. */
enum dpor_defect {
	DPOR_NO_DEFECT,
	DPOR_LAST_RACE_ONLY, /* only the last race of an event counts */
	DPOR_LATER_THREAD,   /* only the thread of the later event of a race can begin the other order */
	DPOR_SLEEPS_FOREVER, /* a dependent event wakes no thread */
};
void strategy_dpor_set_defect(enum dpor_defect defect);

/* Executes all interleavings with at most strategy_bounded_set_limit() preemptions; UINT_MAX: all of them. */
extern const struct strategy strategy_bounded;
void strategy_bounded_set_limit(unsigned int preemptions);

/* Chooses at random, with equal probabilities. */
extern const struct strategy strategy_random;

/* Runs the thread with the highest of random priorities, and lowers it at random moments (PCT). */
extern const struct strategy strategy_pct;

/* Sets the seed of the strategies that choose at random, for the next search. */
void strategy_set_seed(uint64_t seed);

/* Runs the interleaving that is set. */
struct deviations;
extern const struct strategy strategy_replay;
void strategy_replay_set_deviations(const struct deviations *deviations);

/* Return: the number of deviations that the last execution did not reach. */
size_t strategy_replay_count_unused(void);
