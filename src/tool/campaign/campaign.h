/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A fuzzing campaign: engines run on targets until the time is over or a signal ends it.
 *
 *   campaign.c           the loop, its begin and its end
 *   campaign_schedule.c  which worker is started next
 *   campaign_exit.c      processes that ended
 *   campaign_progress.c  the log and plot.tsv
 *   campaign_results.c   figures for reports
 */
#ifndef TOOL_CAMPAIGN_H
#define TOOL_CAMPAIGN_H

#include <signal.h>

#include "tool/campaign/engine.h"
#include "tool/campaign/target.h"
#include "tool/util/results.h"

/* Failures of each engine without one execution after which the campaign ends. */
#define FAILURES_MOST 3

struct campaign {
	struct fuzz_options options;
	bool wanted[ENGINES];
	struct target **targets;
	size_t count;
	bool incomplete; /* a target was left out because of its directory */
	struct results results;

	long now, started, last_tick; /* ms */
	long logged, results_due;     /* ms: last line of the log; next results */
	long slice;		      /* ms; 0: no slices */
	unsigned int groups;	      /* engines of all targets */
	unsigned int failures;	      /* in a row, without one execution */
	sigset_t signals;
	int stopped_by; /* a signal, or 0 */
};

/* Each worker of the campaign that has a process. */
#define for_each_running(worker, campaign)                              \
	for (size_t t_ = 0; t_ < (campaign)->count; t_++)               \
		for_each_worker(worker, (campaign)->targets[t_])        \
			if (!worker->pid) {                             \
			} else

/*
 * Return: EXIT_GOOD without a finding, EXIT_FAILED with one, EXIT_BAD if a target could not
 * run, a file of an engine could not be kept, or figures could not be written.
 */
int campaign_run(struct campaign *campaign);

/* ---- campaign_schedule.c ---- */

/* How many workers of @engine, or of all engines if it is NULL, have a process. */
unsigned int workers_running(const struct target *target, const struct engine *engine);
unsigned int campaign_running(const struct campaign *campaign);

/* Computes how long a time slice is. */
void slices_plan(struct campaign *campaign);

/* The worker that has had least time; NULL: none can be started. */
struct worker *worker_next(const struct campaign *campaign);

/* The worker failed: it is started again after a while that grows with each failure. */
void worker_retry_later(struct worker *worker, long now);

/* ---- campaign_exit.c ---- */

/* Handles the processes that ended. */
void handle_exits(struct campaign *campaign);

/* Kills the targets that a killed AFL++ left: the kernel makes them children of this process. */
void kill_strays(const struct campaign *campaign);

/* ---- campaign_progress.c ---- */

/* Reads the figures of earlier campaigns. */
void progress_init(struct campaign *campaign);

/* Once a second: the status line, or a line of the log when it is due; and plot.tsv. */
void progress_update(struct campaign *campaign);

/* The last line of the log, the table, and the commands that replay findings. */
void progress_summary(struct campaign *campaign);

/* ---- campaign_results.c ---- */

/*
 * Writes figures of all targets for reports: at the begin, once a minute, at the end.
 * @status: "running", or how it ended
 * Return: false if they are wanted and could not be written.
 */
bool campaign_results(struct campaign *campaign, const char *status);

#endif
