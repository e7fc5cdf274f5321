/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The order in which lines run: again and again the first line not yet run whose
 * thread can run it.
 *
 *   1. A thread runs its own lines in order.
 *   2. A line of thread 0 runs when every line above it has run, and no line below
 *      it runs before it: it is a fork-join point.
 *   3. Whether a line would block is for the caller to say.
 *
 * Knows nothing of what a line does.
 */
#ifndef HARNESS_SCHEDULE_H
#define HARNESS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_LINES 1023

/* No line can run: all have, or the rest is stuck. */
#define SCHEDULE_NONE SIZE_MAX

struct schedule {
	size_t count;
	size_t first_left; /* every line before it has run */
	size_t left;
	uint8_t thread[SCHEDULE_LINES];
	bool ran[SCHEDULE_LINES];
};

/* Would @line block if its thread ran it now? */
typedef bool (*schedule_blocked_fn)(const void *ctx, size_t line);

/* The caller fills thread[0 .. count). At most 32 threads. */
void schedule_init(struct schedule *s, size_t count);

/*
 * Chooses the next line and marks it as run.
 * Return: the line, or SCHEDULE_NONE; then `left` tells if the rest is stuck, and
 * first_left where.
 */
size_t schedule_next(struct schedule *s, schedule_blocked_fn blocked, const void *ctx);

#endif
