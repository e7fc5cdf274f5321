/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The campaign is one loop around one wait: a child ended, somebody sends a signal, or a
 * fifth of a second is over. It keeps as many engines running as there are jobs.
 *
 * All that matters is in files at any time, so this program may be killed at any time too;
 * its engines then end by a signal that they asked the kernel for (seat.c).
 */
#include "tool/campaign/campaign.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "tool/campaign/campaign_parts.h"
#include "tool/campaign/tell.h"
#include "tool/kit/usage.h"

#define END_PATIENCE 10000L /* ms */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what is done each second ---- */

static void account(struct loop *loop, struct seat *seat)
{
	struct target *target = seat->target;
	long passed = loop->now - loop->last_tick;

	seat->used += passed;
	target->used += passed;
	for (size_t i = 0; i < ENGINES; i++)
		if (target->crews[i].engine == seat->engine)
			target->crews[i].used += passed;
	seat_read(seat, loop->now);
}

/* Engines count in units of their own: the first that is there speaks. */
static void update_coverage(struct target *target)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (!target->crews[i].there)
			continue;
		for (size_t n = 0; n < CREW_SEATS; n++)
			if (target->crews[i].seats[n].now.coverage > target->coverage)
				target->coverage = target->crews[i].seats[n].now.coverage;
		return;
	}
}

static void end_seat(struct loop *loop, struct seat *seat)
{
	seat_end(seat, loop->now);
}

static void pause_or_go_on(struct loop *loop, struct target *target)
{
	const char *why = target_cannot_write(target);

	if (why && !target->paused) {
		tell("%s: pauses: %s: %s", target->name, target->dir, why);
		seats_of_target(loop, target, end_seat);
	} else if (!why && target->paused) {
		tell("%s: goes on", target->name);
	}
	target->paused = why;
}

static void tick(struct loop *loop)
{
	seats_running(loop, account);
	loop->last_tick = loop->now;
	for (size_t i = 0; i < loop->campaign->count; i++) {
		struct target *target = loop->campaign->targets[i];

		target_harvest(target, &loop->campaign->options, false, loop->now);
		update_coverage(target);
		pause_or_go_on(loop, target);
	}
	progress_report(&loop->progress, loop->now);
	if (loop->now >= loop->campaign->results_due)
		campaign_results(loop->campaign, "running", loop->now);
}

/* ---- the loop ---- */

static void end_turn(struct loop *loop, struct seat *seat)
{
	if (loop->turn && loop->now - seat->started >= loop->turn)
		seat_end(seat, loop->now);
	if (seat->told_to_end && loop->now - seat->told_to_end >= END_PATIENCE)
		seat_kill(seat);
}

static void fill(struct loop *loop)
{
	struct seat *seat;
	int error;

	while (seats_count(loop) < loop->campaign->options.jobs && (seat = turn_next(loop))) {
		error = seat_start(seat, loop->now);
		if (!error)
			continue;
		tell("%s: cannot start a process: %s; tries again", seat->target->name,
		     strerror(error));
		turn_later(seat, loop->now);
		return;
	}
}

static void wait_a_little(struct loop *loop)
{
	const struct timespec most = {.tv_nsec = 200000000};
	int number = sigtimedwait(&loop->signals, NULL, &most);

	if (number > 0 && number != SIGCHLD)
		loop->stopped_by = number;
	loop->now = now_ms();
}

static size_t new_findings(const struct campaign *campaign)
{
	size_t findings = 0;

	for (size_t i = 0; i < campaign->count; i++)
		findings += target_new_findings(campaign->targets[i]);
	return findings;
}

static bool is_over(const struct loop *loop)
{
	long time = loop->campaign->options.time;

	if (loop->campaign->options.until_finding && new_findings(loop->campaign))
		return true;
	return loop->stopped_by || (time && loop->now - loop->started >= time * 1000) ||
	       (loop->hopeless >= FAILURES_MOST * loop->crews && !seats_count(loop));
}

static void kill_seat(struct loop *loop, struct seat *seat)
{
	(void)loop;
	seat_kill(seat);
}

/* A second signal while the engines end means: at once. */
static void end_all(struct loop *loop)
{
	long told = loop->now;

	loop->stopped_by = 0;
	seats_running(loop, end_seat);
	while (seats_count(loop)) {
		if (loop->stopped_by || loop->now - told >= END_PATIENCE)
			seats_running(loop, kill_seat);
		wait_a_little(loop);
		reap(loop);
	}
	reap_strays(loop);
	for (size_t i = 0; i < loop->campaign->count; i++)
		target_harvest(loop->campaign->targets[i], &loop->campaign->options, true,
			       loop->now);
}

static void loop_run(struct loop *loop)
{
	while (!is_over(loop)) {
		reap(loop);
		seats_running(loop, end_turn);
		fill(loop);
		if (loop->now - loop->last_tick >= 1000)
			tick(loop);
		wait_a_little(loop);
	}
	end_all(loop);
}

/* ---- beginning and end ---- */

static bool find_engines(struct campaign *campaign, struct target *target)
{
	bool any = false;

	for (size_t i = 0; i < ENGINES; i++) {
		struct crew *crew = &target->crews[i];

		const char *lack = crew->engine->lack(&campaign->options, target);

		crew->there = campaign->wanted[i] && !lack;
		any |= crew->there;
		if (campaign->wanted[i] && lack)
			tell("%s: skipped: %s: %s", target->name, crew->engine->name, lack);
	}
	return any;
}

/* Targets that cannot be fuzzed are told and left out. */
static void open_targets(struct campaign *campaign)
{
	size_t kept = 0;

	for (size_t i = 0; i < campaign->count; i++) {
		struct target *target = campaign->targets[i];

		if (!find_engines(campaign, target) && !campaign->options.collect)
			continue;
		if (target_open(target, &campaign->options))
			campaign->targets[kept++] = target;
		else
			campaign->incomplete = true;
	}
	campaign->count = kept;
}

static void take_signals(struct loop *loop)
{
	struct sigaction hangup;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&loop->signals);
	sigaddset(&loop->signals, SIGCHLD);
	sigaddset(&loop->signals, SIGINT);
	sigaddset(&loop->signals, SIGTERM);
	/* Under nohup it is not for us. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&loop->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &loop->signals, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* First comes what a campaign that was killed had no time for. */
static void begin(struct loop *loop)
{
	const struct campaign *campaign = loop->campaign;

	for (size_t i = 0; i < campaign->count; i++) {
		campaign->targets[i]->last_find = loop->now;
		target_harvest(campaign->targets[i], &campaign->options, true, loop->now);
		pause_or_go_on(loop, campaign->targets[i]);
	}
}

/* Was it tried to run, and did nothing of it execute? */
static bool never_ran(const struct target *target, long now)
{
	bool failed = false;

	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < CREW_SEATS; n++)
			failed |= target->crews[i].seats[n].failures > 0;
	return failed && !target_executions(target, now);
}

/* What the campaign did not do of what it was to do, or lost. Return: is there any? */
static bool tell_shortcomings(const struct campaign *campaign, long now)
{
	bool any = campaign->incomplete;

	for (size_t i = 0; i < campaign->count; i++) {
		const struct target *target = campaign->targets[i];

		if (never_ran(target, now)) {
			tell("%s: no engine could be started", target->name);
			any = true;
		}
		if (target->lost) {
			tell("%s: %u files of its engines could not be kept", target->name, target->lost);
			any = true;
		}
	}
	return any;
}

static int tell_no_target(void)
{
	tell("pagetorture fuzz: expected a target that can be fuzzed, there is none");
	return EXIT_BAD;
}

int campaign_run(struct campaign *campaign)
{
	struct loop loop = {.campaign = campaign};
	bool kept, complete;
	size_t findings;

	open_targets(campaign);
	if (!campaign->count)
		return tell_no_target();
	take_signals(&loop);
	loop.now = loop.started = loop.last_tick = campaign->started = now_ms();
	loop.progress = (struct progress){&campaign->options, campaign->targets, campaign->count,
					  loop.now, loop.now};
	turn_plan(&loop);
	progress_begin(&loop.progress);
	begin(&loop);
	if (!campaign->options.collect)
		loop_run(&loop);
	/* All were skipped when they were started. */
	if (!campaign->count)
		return tell_no_target();
	progress_summary(&loop.progress, loop.now);
	findings = new_findings(campaign);
	complete = !tell_shortcomings(campaign, loop.now);
	kept = campaign_results(campaign, findings || !complete ? "failed" : "good", loop.now);
	if (!kept || !complete)
		return EXIT_BAD;
	return findings ? EXIT_FAILED : EXIT_GOOD;
}
