/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A worker: one process of an engine on a target, started again and again. Its output goes to a
 * file that is read while it runs, so that no output is lost if this program is killed.
 */
#ifndef TOOL_CAMPAIGN_WORKER_H
#define TOOL_CAMPAIGN_WORKER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tool/campaign/engine.h"

struct worker {
	const struct engine *engine;
	struct target *target;
	const struct fuzz_options *options;
	unsigned int number;
	char name[32];

	pid_t pid;             /* 0: not running */
	long started;          /* ms */
	long asked_to_end;      /* ms; 0: it was not */
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
	char last[1024];        /* the last line that is not empty */
	char reason[200];       /* of the finding that ended it */
	char written[PATH_MAX]; /* where it put the input that ended it */
};

void worker_init(struct worker *worker, const struct engine *engine, struct target *target,
	       const struct fuzz_options *options, unsigned int number);

/* Return: 0, or why there is no process (errno). */
int worker_start(struct worker *worker, long now);

/* Reads its output and figures. */
void worker_read(struct worker *worker, long now);

/* Asks the process to end; kills it. */
void worker_end(struct worker *worker, long now);
void worker_kill(const struct worker *worker);

/* To be called when the process has ended. */
void worker_ended(struct worker *worker, long now);

/* Executions so far, with an estimate since the last figures of a running engine. */
unsigned long worker_executions(const struct worker *worker, long now);

#endif
