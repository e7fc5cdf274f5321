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

#define SCHEDULE_LINES 1023

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

/* Marks all lines as not run. The caller fills line_threads, with thread numbers from 0 to 31. */
void schedule_init(struct schedule *schedule, size_t line_count);

/*
 * Chooses the next line and marks it as run; the caller then runs it.
 * Return: the line, or SCHEDULE_NONE if all lines have run (remaining_count is 0) or no line can run.
 */
size_t schedule_take_next_line(struct schedule *schedule, schedule_blocked_fn is_blocked, const void *ctx);
