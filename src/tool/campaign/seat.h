/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A seat: one process of an engine on a target, again and again. It can be started, asked
 * to end, and found to have ended by itself; its output goes to a file that the seat reads
 * along, so that nothing of it is lost if this program is killed.
 */
#ifndef TOOL_SEAT_H
#define TOOL_SEAT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tool/campaign/engine.h"

struct seat {
	const struct engine *engine;
	struct target *target;
	const struct fuzz_options *options;
	unsigned int number;
	char name[32];

	pid_t pid;             /* 0: not running */
	long started;          /* ms */
	long told_to_end;      /* ms; 0: it was not */
	long not_before;       /* ms: it failed, and is left alone until then */
	unsigned int failures; /* in a row */
	unsigned long starts;
	long used; /* ms, of all its runs */

	struct figures now;   /* this run */
	unsigned long base;   /* executions that a resumed engine counts from */
	unsigned long before; /* executions of the runs before */
	long read_at;         /* ms: when the figures were true */

	char log[PATH_MAX];
	off_t log_read;
	char line[1024]; /* the one that is not whole yet, or was last */
	size_t line_used;
	char last[1024];        /* the last line that said something */
	char reason[200];       /* of the finding that ended it */
	char written[PATH_MAX]; /* where it put the input that ended it */
};

void seat_init(struct seat *seat, const struct engine *engine, struct target *target,
	       const struct fuzz_options *options, unsigned int number);

/* Return: 0, or why there is no process (errno). */
int seat_start(struct seat *seat, long now);

/* Reads its output and figures. */
void seat_read(struct seat *seat, long now);

/* Asks it to end, or makes it end. */
void seat_end(struct seat *seat, long now);
void seat_kill(const struct seat *seat);

/* Its process ended. */
void seat_ended(struct seat *seat, long now);

/* Executions so far, with what a running engine did since its last word. */
unsigned long seat_executions(const struct seat *seat, long now);

#endif
