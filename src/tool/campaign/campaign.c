/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The campaign is one loop around one wait: a child ended, a signal came, or a fifth of a second
 * is over. It keeps as many engines running as there are jobs.
 *
 * All that matters is in files at any time, so this program may be killed at any time; its
 * engines then end by a signal that they asked the kernel for (worker.c).
 */
#include "tool/campaign/campaign.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "tool/util/usage.h"

#define END_PATIENCE 10000L /* ms */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- once a second ---- */

static void update_worker(struct campaign *c, struct worker *worker)
{
	long passed = c->now - c->last_tick;

	worker->used += passed;
	worker->target->used += passed;
	for (size_t i = 0; i < ENGINES; i++)
		if (worker->engine == engines[i])
			worker->target->engines[i].used += passed;
	worker_read(worker, c->now);
}

/* Engines count in units of their own: the first one of the target decides. */
static void update_coverage(struct target *target)
{
	size_t first = 0;

	while (first < ENGINES - 1 && !target->engines[first].there)
		first++;
	for_each_worker(worker, target)
		if (worker->engine == engines[first] && worker->now.coverage > target->coverage)
			target->coverage = worker->now.coverage;
}

static void pause_or_go_on(struct campaign *c, struct target *target)
{
	const char *why = target_cannot_write(target);

	if (why && !target->paused) {
		log_message("%s: pauses: %s: %s", target->name, target->dir, why);
		for_each_worker(worker, target)
			worker_end(worker, c->now);
	} else if (!why && target->paused) {
		log_message("%s: goes on", target->name);
	}
	target->paused = why;
}

static void tick(struct campaign *c)
{
	for_each_running(worker, c)
		update_worker(c, worker);
	c->last_tick = c->now;
	for (size_t i = 0; i < c->count; i++) {
		target_collect(c->targets[i], &c->options, false, c->now);
		update_coverage(c->targets[i]);
		pause_or_go_on(c, c->targets[i]);
	}
	progress_update(c);
	if (c->now >= c->results_due)
		campaign_results(c, "running");
}

/* ---- the loop ---- */

static void end_slices(struct campaign *c)
{
	for_each_running(worker, c) {
		if (c->slice && c->now - worker->started >= c->slice)
			worker_end(worker, c->now);
		if (worker->asked_to_end && c->now - worker->asked_to_end >= END_PATIENCE)
			worker_kill(worker);
	}
}

static void start_workers(struct campaign *c)
{
	struct worker *worker;
	int error;

	while (campaign_running(c) < c->options.jobs && (worker = worker_next(c))) {
		error = worker_start(worker, c->now);
		if (!error)
			continue;
		log_message("%s: cannot start a process: %s; tries again", worker->target->name,
			    strerror(error));
		worker_retry_later(worker, c->now);
		return;
	}
}

static void wait_a_little(struct campaign *c)
{
	const struct timespec most = {.tv_nsec = 200000000};
	int number = sigtimedwait(&c->signals, NULL, &most);

	if (number > 0 && number != SIGCHLD)
		c->stopped_by = number;
	c->now = now_ms();
}

static size_t new_findings(const struct campaign *c)
{
	size_t findings = 0;

	for (size_t i = 0; i < c->count; i++)
		findings += target_new_findings(c->targets[i]);
	return findings;
}

static bool is_over(const struct campaign *c)
{
	long time = c->options.time;

	if (c->options.until_finding && new_findings(c))
		return true;
	return c->stopped_by || (time && c->now - c->started >= time * 1000) ||
	       (c->failures >= FAILURES_MOST * c->groups && !campaign_running(c));
}

/* A second signal while the engines end kills them. */
static void end_all(struct campaign *c)
{
	long asked = c->now;

	c->stopped_by = 0;
	for_each_running(worker, c)
		worker_end(worker, c->now);
	while (campaign_running(c)) {
		if (c->stopped_by || c->now - asked >= END_PATIENCE) {
			for_each_running(worker, c)
				worker_kill(worker);
		}
		wait_a_little(c);
		handle_exits(c);
	}
	kill_strays(c);
	for (size_t i = 0; i < c->count; i++)
		target_collect(c->targets[i], &c->options, true, c->now);
}

static void loop(struct campaign *c)
{
	while (!is_over(c)) {
		handle_exits(c);
		end_slices(c);
		start_workers(c);
		if (c->now - c->last_tick >= 1000)
			tick(c);
		wait_a_little(c);
	}
	end_all(c);
}

/* ---- begin and end ---- */

static bool find_engines(const struct campaign *c, struct target *target)
{
	bool any = false;

	for (size_t i = 0; i < ENGINES; i++) {
		const char *lack = engines[i]->lack(&c->options, target);

		target->engines[i].there = c->wanted[i] && !lack;
		any |= target->engines[i].there;
		if (c->wanted[i] && lack)
			log_message("%s: skipped: %s: %s", target->name, engines[i]->name, lack);
	}
	return any;
}

/* Leaves out the targets that cannot be fuzzed; the log has why. */
static void open_targets(struct campaign *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct target *target = c->targets[i];

		if (!find_engines(c, target) && !c->options.collect)
			continue;
		if (target_open(target, &c->options))
			c->targets[kept++] = target;
		else
			c->incomplete = true;
	}
	c->count = kept;
}

static void block_signals(struct campaign *c)
{
	struct sigaction hangup;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&c->signals);
	sigaddset(&c->signals, SIGCHLD);
	sigaddset(&c->signals, SIGINT);
	sigaddset(&c->signals, SIGTERM);
	/* Under nohup it stays ignored. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&c->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &c->signals, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Imports first what a campaign that was killed did not. */
static void begin(struct campaign *c)
{
	block_signals(c);
	c->now = c->started = c->last_tick = c->logged = now_ms();
	slices_plan(c);
	progress_init(c);
	for (size_t i = 0; i < c->count; i++) {
		c->targets[i]->last_find = c->now;
		target_collect(c->targets[i], &c->options, true, c->now);
		pause_or_go_on(c, c->targets[i]);
	}
}

/* Were its engines started, and did none of them execute anything? */
static bool never_ran(const struct target *target, long now)
{
	bool failed = false;

	for_each_worker(worker, target)
		failed |= worker->failures > 0;
	return failed && !target_executions(target, now);
}

/* Logs targets that did not run and files that were lost. Return: were there any? */
static bool log_shortcomings(const struct campaign *c)
{
	bool any = c->incomplete;

	for (size_t i = 0; i < c->count; i++) {
		const struct target *target = c->targets[i];

		if (never_ran(target, c->now)) {
			log_message("%s: no engine could be started", target->name);
			any = true;
		}
		if (target->lost) {
			log_message("%s: %u files of its engines could not be kept", target->name,
				    target->lost);
			any = true;
		}
	}
	return any;
}

static int log_no_target(void)
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
		announce("fuzz", "import the inputs of killed engines in %s", options->dir);
	else
		announce("fuzz", "%zu target%s with %s, %u at a time, %s, in %s", campaign->count,
			 campaign->count == 1 ? "" : "s", names, options->jobs, end, options->dir);
}

int campaign_run(struct campaign *c)
{
	bool written, complete;
	size_t findings;

	announce_campaign(c);
	open_targets(c);
	if (!c->count)
		return log_no_target();
	begin(c);
	if (!c->options.collect)
		loop(c);
	/* All were skipped when they were started. */
	if (!c->count)
		return log_no_target();
	progress_summary(c);
	findings = new_findings(c);
	complete = !log_shortcomings(c);
	written = campaign_results(c, findings || !complete ? "failed" : "good");
	if (!written || !complete)
		return EXIT_BAD;
	return findings ? EXIT_FAILED : EXIT_GOOD;
}
