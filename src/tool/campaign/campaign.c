/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The campaign is one loop around one wait: a child ended, somebody sends a signal, or a
 * fifth of a second is over. It keeps as many engines running as there are jobs.
 *
 * All that matters is in files at any time, so this program may be killed at any time too;
 * its engines then end by a signal that they asked the kernel for (worker.c).
 */
#include "tool/campaign/campaign.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "tool/campaign/campaign_parts.h"
#include "tool/campaign/log.h"
#include "tool/util/usage.h"

#define END_PATIENCE 10000L /* ms */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what is done each second ---- */

static void account(struct loop *loop, struct worker *worker)
{
	struct target *target = worker->target;
	long passed = loop->now - loop->last_tick;

	worker->used += passed;
	target->used += passed;
	for (size_t i = 0; i < ENGINES; i++)
		if (target->groups[i].engine == worker->engine)
			target->groups[i].used += passed;
	worker_read(worker, loop->now);
}

/* Engines count in units of their own: the first that is there speaks. */
static void update_coverage(struct target *target)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (!target->groups[i].there)
			continue;
		for (size_t n = 0; n < GROUP_WORKERS; n++)
			if (target->groups[i].workers[n].now.coverage > target->coverage)
				target->coverage = target->groups[i].workers[n].now.coverage;
		return;
	}
}

static void end_worker(struct loop *loop, struct worker *worker)
{
	worker_end(worker, loop->now);
}

static void pause_or_go_on(struct loop *loop, struct target *target)
{
	const char *why = target_cannot_write(target);

	if (why && !target->paused) {
		log_message("%s: pauses: %s: %s", target->name, target->dir, why);
		workers_of_target(loop, target, end_worker);
	} else if (!why && target->paused) {
		log_message("%s: goes on", target->name);
	}
	target->paused = why;
}

static void tick(struct loop *loop)
{
	workers_running(loop, account);
	loop->last_tick = loop->now;
	for (size_t i = 0; i < loop->campaign->count; i++) {
		struct target *target = loop->campaign->targets[i];

		target_collect(target, &loop->campaign->options, false, loop->now);
		update_coverage(target);
		pause_or_go_on(loop, target);
	}
	progress_report(&loop->progress, loop->now);
	if (loop->now >= loop->campaign->results_due)
		campaign_results(loop->campaign, "running", loop->now);
}

/* ---- the loop ---- */

static void end_slice(struct loop *loop, struct worker *worker)
{
	if (loop->slice && loop->now - worker->started >= loop->slice)
		worker_end(worker, loop->now);
	if (worker->asked_to_end && loop->now - worker->asked_to_end >= END_PATIENCE)
		worker_kill(worker);
}

static void fill(struct loop *loop)
{
	struct worker *worker;
	int error;

	while (workers_count(loop) < loop->campaign->options.jobs && (worker = worker_next(loop))) {
		error = worker_start(worker, loop->now);
		if (!error)
			continue;
		log_message("%s: cannot start a process: %s; tries again", worker->target->name,
		     strerror(error));
		worker_retry_later(worker, loop->now);
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
	       (loop->hopeless >= FAILURES_MOST * loop->groups && !workers_count(loop));
}

static void kill_worker(struct loop *loop, struct worker *worker)
{
	(void)loop;
	worker_kill(worker);
}

/* A second signal while the engines end means: at once. */
static void end_all(struct loop *loop)
{
	long told = loop->now;

	loop->stopped_by = 0;
	workers_running(loop, end_worker);
	while (workers_count(loop)) {
		if (loop->stopped_by || loop->now - told >= END_PATIENCE)
			workers_running(loop, kill_worker);
		wait_a_little(loop);
		reap(loop);
	}
	reap_strays(loop);
	for (size_t i = 0; i < loop->campaign->count; i++)
		target_collect(loop->campaign->targets[i], &loop->campaign->options, true,
			       loop->now);
}

static void loop_run(struct loop *loop)
{
	while (!is_over(loop)) {
		reap(loop);
		workers_running(loop, end_slice);
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
		struct worker_group *group = &target->groups[i];

		const char *lack = group->engine->lack(&campaign->options, target);

		group->there = campaign->wanted[i] && !lack;
		any |= group->there;
		if (campaign->wanted[i] && lack)
			log_message("%s: skipped: %s: %s", target->name, group->engine->name, lack);
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
		target_collect(campaign->targets[i], &campaign->options, true, loop->now);
		pause_or_go_on(loop, campaign->targets[i]);
	}
}

/* Was it tried to run, and did nothing of it execute? */
static bool never_ran(const struct target *target, long now)
{
	bool failed = false;

	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < GROUP_WORKERS; n++)
			failed |= target->groups[i].workers[n].failures > 0;
	return failed && !target_executions(target, now);
}

/* What the campaign did not do of what it was to do, or lost. Return: is there any? */
static bool tell_shortcomings(const struct campaign *campaign, long now)
{
	bool any = campaign->incomplete;

	for (size_t i = 0; i < campaign->count; i++) {
		const struct target *target = campaign->targets[i];

		if (never_ran(target, now)) {
			log_message("%s: no engine could be started", target->name);
			any = true;
		}
		if (target->lost) {
			log_message("%s: %u files of its engines could not be kept", target->name, target->lost);
			any = true;
		}
	}
	return any;
}

static int tell_no_target(void)
{
	log_message("pagetorture fuzz: expected a target that can be fuzzed, there is none");
	return EXIT_BAD;
}

static void announce_campaign(const struct campaign *campaign)
{
	const struct fuzz_options *options = &campaign->options;
	char names[32] = "", end[32] = "until stopped";

	for (size_t i = 0; i < ENGINES; i++)
		if (campaign->wanted[i])
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 *names ? ", " : "", engines[i]->name);
	if (options->time)
		snprintf(end, sizeof(end), "for %u s", options->time);
	if (options->collect)
		announce("fuzz", "collect what engines left behind in %s", options->dir);
	else
		announce("fuzz", "%zu target%s with %s, %u at a time, %s, in %s", campaign->count,
			 campaign->count == 1 ? "" : "s", names, options->jobs, end, options->dir);
}

int campaign_run(struct campaign *campaign)
{
	struct loop loop = {.campaign = campaign};
	bool kept, complete;
	size_t findings;

	announce_campaign(campaign);
	open_targets(campaign);
	if (!campaign->count)
		return tell_no_target();
	take_signals(&loop);
	loop.now = loop.started = loop.last_tick = campaign->started = now_ms();
	loop.progress = (struct progress){&campaign->options, campaign->targets, campaign->count,
					  loop.now, loop.now};
	slices_plan(&loop);
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
