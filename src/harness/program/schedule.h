/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The order in which lines run. The next line is always the first one that has not run and whose
 * thread can run it:
 *
 * 1. A thread runs its own lines in order.
 * 2. A line of thread 0 is a fork-join point: it runs after every line above it, and before every
 *    line below it.
 * 3. The caller decides whether a line would block.
 *
 * The schedule does not know what a line does.
 */
#ifndef HARNESS_SCHEDULE_H
#define HARNESS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_LINES 1023

/* No line can run: all lines have run, or the remaining ones are stuck. */
#define SCHEDULE_NONE SIZE_MAX

struct schedule {
	size_t line_count;
	size_t first_remaining; /* every line before it has run */
	size_t remaining_count;
	uint8_t line_thread[SCHEDULE_LINES];
	bool has_run[SCHEDULE_LINES];
};

/* Return: whether @line would block if its thread ran it now. */
typedef bool (*schedule_blocked_fn)(const void *ctx, size_t line);

/* Starts a schedule. The caller fills thread[0 .. count), with at most 32 threads. */
void schedule_init(struct schedule *schedule, size_t count);

/*
 * Chooses the next line and marks it as run.
 * Return: the line, or SCHEDULE_NONE. Then `left` is 0 if all lines have run; otherwise the lines
 * from first_left on are stuck.
 */
size_t schedule_next(struct schedule *schedule, schedule_blocked_fn blocked, const void *ctx);

#endif
