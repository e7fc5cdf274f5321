/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parts of campaign share; nobody else includes this.
 *
 *   campaign.c          the loop, its beginning and its end
 *   campaign_seats.c    all seats of all targets
 *   campaign_turns.c    who is started next
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
	long turn; /* ms; 0: no turns */
	unsigned int crews, hopeless;
	sigset_t signals;
	int stopped_by; /* one of them */
};

typedef void seat_fn(struct loop *loop, struct seat *seat);

/* Those that have a process. */
void seats_of_target(struct loop *loop, struct target *target, seat_fn *fn);
void seats_running(struct loop *loop, seat_fn *fn);

/* How many have one. */
unsigned int seats_in_crew(const struct crew *crew);
unsigned int seats_on_target(const struct target *target);
unsigned int seats_count(const struct loop *loop);

/* Whose process is it? NULL: nobody's. */
struct seat *seats_find(const struct loop *loop, pid_t pid);

/* How long a turn is. */
void turn_plan(struct loop *loop);

/* Who is to have what is free; NULL: nobody can. */
struct seat *turn_next(const struct loop *loop);

/* It failed: it comes back later and later, but it comes back. */
void turn_later(struct seat *seat, long now);

/* Processes that ended. */
void reap(struct loop *loop);

/* AFL++ that is killed leaves its target behind; the kernel hands it to this program. */
void reap_strays(const struct loop *loop);

#endif
