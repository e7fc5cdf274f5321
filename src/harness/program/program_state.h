/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The state of a running program: which call runs next, which calls are skipped, and which handles are
 * filled. The rule model and both executors use this code.
 */
#pragma once

#include "harness/program/program.h"
#include "harness/program/schedule.h"

struct program_state {
	const struct program *program;
	struct schedule schedule;
	bool is_filled[HANDLE_FILLED_KINDS][PROGRAM_MAPS]; /* by kind and number of the handle */
	uint8_t mutex_holders[PROGRAM_MUTEXES];            /* thread + 1; 0: no thread holds the mutex */
	unsigned int semaphore_values[PROGRAM_SEMAPHORES];
};

void program_state_init(struct program_state *state, const struct program *program);

/*
 * Chooses the call that runs next in the order of the lines, and marks it as run.
 * Return: the index of the call, or SCHEDULE_NONE.
 */
size_t program_state_take_next_call(struct program_state *state);

/*
 * Return: whether the call is skipped: a handle is in the wrong state, the call misuses a mutex, or its
 * atomic access has an unsupported size or alignment.
 */
bool program_state_must_skip(const struct program_state *state, const struct call *call);

/* Updates handles, mutexes and semaphores after a call that was not skipped. */
void program_state_apply_call(struct program_state *state, const struct call *call, enum result result);

/* ---- other orders than that of the lines ---- */

/*
 * Finds the calls that can run now, at most one for each thread. Return: the number of @calls, which are in
 * the order of their lines; 0 if all calls have run or no call can run.
 */
size_t program_state_find_runnable_calls(const struct program_state *state, size_t calls[SCHEDULE_THREADS]);

/* The mutexes and semaphores before a call, for program_state_undo_call(). */
struct program_state_sync {
	uint8_t mutex_holders[PROGRAM_MUTEXES];
	unsigned int semaphore_values[PROGRAM_SEMAPHORES];
};

/*
 * Marks a call that can run as run, and updates mutexes and semaphores. Handles are not updated, because only
 * the results of calls decide whether they fill handles. Which calls can run does not depend on handles.
 */
void program_state_run_call(struct program_state *state, size_t call_index,
			    struct program_state_sync *before);

/* Restores the state before the call that program_state_run_call() ran last and that was not undone yet. */
void program_state_undo_call(struct program_state *state, size_t call_index,
			     const struct program_state_sync *before);

static inline bool program_state_holds_mutex(const struct program_state *state, uint8_t thread, uint8_t mutex)
{
	return state->mutex_holders[mutex] == thread + 1;
}
