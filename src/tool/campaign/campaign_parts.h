/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parts of campaign share; nobody else includes this.
 *
 *   campaign.c          the loop, its beginning and its end
 *   campaign_workers.c    all workers of all targets
 *   campaign_schedule.c    who is started next
 *   campaign_reap.c     processes that ended, and why
 *   campaign_results.c  figures for reports
 */
#ifndef TOOL_CAMPAIGN_PARTS_H
#define TOOL_CAMPAIGN_PARTS_H

#include <signal.h>

#include "tool/campaign/campaign.h"
#include "tool/campaign/progress.h"

/* Of each engine, without one execution, before nothing is left to try. */
#define FAILURES_MOST 3

struct loop {
	struct campaign *campaign;
	struct progress progress;
	long now, started, last_tick;
	long slice; /* ms; 0: no slices */
	unsigned int groups, hopeless;
	sigset_t signals;
	int stopped_by; /* one of them */
};

typedef void worker_fn(struct loop *loop, struct worker *worker);

/* Those that have a process. */
void workers_of_target(struct loop *loop, struct target *target, worker_fn *fn);
void workers_running(struct loop *loop, worker_fn *fn);

/* How many have one. */
unsigned int workers_in_group(const struct worker_group *group);
unsigned int workers_on_target(const struct target *target);
unsigned int workers_count(const struct loop *loop);

/* Whose process is it? NULL: nobody's. */
struct worker *workers_find(const struct loop *loop, pid_t pid);

/* How long a time slice is. */
void slices_plan(struct loop *loop);

/* Who is to have what is free; NULL: nobody can. */
struct worker *worker_next(const struct loop *loop);

/* It failed: it comes back later and later, but it comes back. */
void worker_retry_later(struct worker *worker, long now);

/* Processes that ended. */
void reap(struct loop *loop);

/* AFL++ that is killed leaves its target behind; the kernel hands it to this program. */
void reap_strays(const struct loop *loop);

#endif
