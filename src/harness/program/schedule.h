/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Decides the order in which the lines of a program run. The next line is the first line that has not run and
 * that can run now:
 *
 * 1. A thread runs its own lines in order.
 * 2. A line of thread 0 (main) runs after every line above it, and before every line below it.
 * 3. A line that would block, as the caller decides, cannot run.
 *
 * The schedule does not know what a line does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_LINES   1023
#define SCHEDULE_THREADS 32

/* All lines have run, or none of the remaining lines can run. */
#define SCHEDULE_NONE SIZE_MAX

struct schedule {
	size_t line_count;
	size_t first_remaining;               /* the first line that has not run */
	size_t remaining_count;               /* number of lines that have not run */
	uint8_t line_threads[SCHEDULE_LINES]; /* the thread of each line */
	bool has_run[SCHEDULE_LINES];
};

/* Return: whether @line would block if its thread ran it now. */
typedef bool (*schedule_blocked_fn)(const void *ctx, size_t line);

/* Marks all lines as not run. The caller fills line_threads, with numbers below SCHEDULE_THREADS. */
void schedule_init(struct schedule *schedule, size_t line_count);

/*
 * Chooses the next line and marks it as run; the caller then runs it.
 * Return: the line, or SCHEDULE_NONE if all lines have run (remaining_count is 0) or no line can run.
 */
size_t schedule_take_next_line(struct schedule *schedule, schedule_blocked_fn is_blocked, const void *ctx);

/*
 * Finds the lines that can run now, at most one for each thread, without a change of the schedule.
 * Return: the number of @lines, which are in ascending order; 0 if all lines have run or no line can run.
 */
size_t schedule_find_runnable_lines(const struct schedule *schedule, schedule_blocked_fn is_blocked,
				    const void *ctx, size_t lines[SCHEDULE_THREADS]);

/*
 * For a caller that tries several orders: marks a line that can run as run, and as not run again. Lines are
 * marked as not run in the reverse order.
 */
void schedule_mark_as_run(struct schedule *schedule, size_t line);
void schedule_mark_as_not_run(struct schedule *schedule, size_t line);
