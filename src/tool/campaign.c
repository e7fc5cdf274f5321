/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The campaign is one loop around one wait: a child ended, somebody sends a signal, or a
 * fifth of a second is over. It keeps as many engines running as there are jobs. Where
 * there is more to run than jobs, they take turns: whoever had least gets what is free,
 * first among targets, then among engines, then among an engine's roles.
 *
 * All that matters is in files at any time, so this program may be killed at any time too;
 * its engines then end by a signal that they asked the kernel for (seat.c).
 */
#include "tool/campaign.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/progress.h"
#include "tool/tool.h"

#define TURN_MOST 600000L /* ms */
#define TURN_LEAST 10000L
#define END_PATIENCE 10000L
#define RETRY_MOST 60000L
#define FAILURES_MOST 3 /* of each engine, without one execution, before nothing is left to try */

struct loop {
	struct campaign *campaign;
	struct progress progress;
	long now, started, last_tick;
	long turn; /* ms; 0: no turns */
	unsigned int crews, hopeless;
	sigset_t signals;
	int stopped_by; /* one of them */
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- all seats ---- */

typedef void seat_fn(struct loop *loop, struct seat *seat);

static void for_target_seats(struct loop *loop, struct target *target, seat_fn *fn)
{
	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < CREW_SEATS; n++)
			if (target->crews[i].seats[n].pid)
				fn(loop, &target->crews[i].seats[n]);
}

static void for_running(struct loop *loop, seat_fn *fn)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		for_target_seats(loop, loop->campaign->targets[i], fn);
}

static unsigned int running_in(const struct crew *crew)
{
	unsigned int count = 0;

	for (size_t n = 0; n < CREW_SEATS; n++)
		count += crew->seats[n].pid != 0;
	return count;
}

static unsigned int running_on(const struct target *target)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ENGINES; i++)
		count += running_in(&target->crews[i]);
	return count;
}

static unsigned int running(const struct loop *loop)
{
	unsigned int count = 0;

	for (size_t i = 0; i < loop->campaign->count; i++)
		count += running_on(loop->campaign->targets[i]);
	return count;
}

static struct seat *seat_of(const struct loop *loop, pid_t pid)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			for (size_t n = 0; n < CREW_SEATS; n++) {
				struct seat *seat = &loop->campaign->targets[i]->crews[e].seats[n];

				if (seat->pid == pid)
					return seat;
			}
	return NULL;
}

/* ---- who is next ---- */

/* What one has had, and is about to have. */
static long weight(const struct loop *loop, long used, unsigned int running_now)
{
	return used + running_now * (loop->turn ? loop->turn : TURN_MOST);
}

static struct seat *next_of_crew(const struct loop *loop, struct crew *crew)
{
	unsigned int limit = running_in(crew) + 1;
	struct seat *best = NULL;

	if (!crew->there)
		return NULL;
	if (limit < crew->engine->roles)
		limit = crew->engine->roles;
	for (unsigned int n = 0; n < limit && n < CREW_SEATS; n++) {
		struct seat *seat = &crew->seats[n];

		if (!seat->pid && seat->not_before <= loop->now &&
		    (!best || seat->used < best->used))
			best = seat;
	}
	return best;
}

static struct seat *next_of_target(const struct loop *loop, struct target *target)
{
	struct seat *best = NULL;
	long least = 0;

	if (target->paused)
		return NULL;
	for (size_t i = 0; i < ENGINES; i++) {
		struct crew *crew = &target->crews[i];
		struct seat *seat = next_of_crew(loop, crew);
		long had = weight(loop, crew->used, running_in(crew));

		if (seat && (!best || had < least)) {
			best = seat;
			least = had;
		}
	}
	return best;
}

static struct seat *next_of_all(const struct loop *loop)
{
	struct seat *best = NULL;
	long least = 0;

	for (size_t i = 0; i < loop->campaign->count; i++) {
		struct target *target = loop->campaign->targets[i];
		struct seat *seat = next_of_target(loop, target);
		long had = weight(loop, target->used, running_on(target));

		if (seat && (!best || had < least)) {
			best = seat;
			least = had;
		}
	}
	return best;
}

/* ---- how a process ended ---- */

/* It comes back later and later, but it comes back. */
static void leave_alone(struct seat *seat, long now)
{
	long wait = 1000L << (seat->failures < 6 ? seat->failures : 6);

	seat->not_before = now + (wait < RETRY_MOST ? wait : RETRY_MOST);
	seat->failures++;
}

static void tell_end(const struct seat *seat, int status)
{
	const char *why = seat->reason[0] ? seat->reason : seat->last;

	if (WIFSIGNALED(status))
		tell("%s: %s was ended by signal %d; it is started again", seat->target->name,
		     seat->name, WTERMSIG(status));
	else
		tell("%s: %s ended with status %d: %s; it is started again (log: %s.old)",
		     seat->target->name, seat->name, WEXITSTATUS(status), why, seat->log);
}

/* AFL++ that is killed leaves its target behind; the kernel hands it to this program. */
static void kill_strays(const struct loop *loop)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		if (!seat_of(loop, pid))
			kill(pid, SIGKILL);
	fclose(file);
}

static void tell_lost(const struct seat *seat)
{
	struct store_input input;

	if (store_read(seat->written, &input))
		tell("%s: a finding of %s could not be written: %s (log: %s.old)",
		     seat->target->name, seat->name, seat->reason, seat->log);
}

static void judge_end(struct loop *loop, struct seat *seat, int status, bool executed)
{
	if (executed)
		loop->hopeless = seat->failures = 0;
	/* An engine that ends well has done as many executions as it was given. */
	if (seat->told_to_end || (executed && WIFEXITED(status) && !WEXITSTATUS(status)))
		return;
	if (seat->written[0]) {
		tell_lost(seat);
		target_harvest(seat->target, &loop->campaign->options, false, loop->now);
		target_withdraw(seat->target, seat->written);
		return;
	}
	if (seat->failures < FAILURES_MOST)
		tell_end(seat, status);
	if (!executed) {
		leave_alone(seat, loop->now);
		loop->hopeless++;
	}
}

static void reap(struct loop *loop)
{
	struct seat *seat;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unsigned long before;

		seat = seat_of(loop, pid);
		if (!seat)
			continue;
		before = seat->before;
		seat_ended(seat, loop->now);
		judge_end(loop, seat, status, seat->before > before);
		if (WIFSIGNALED(status))
			kill_strays(loop);
	}
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
		for_target_seats(loop, target, end_seat);
	} else if (!why && target->paused) {
		tell("%s: goes on", target->name);
	}
	target->paused = why;
}

static void tick(struct loop *loop)
{
	for_running(loop, account);
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

	while (running(loop) < loop->campaign->options.jobs && (seat = next_of_all(loop))) {
		error = seat_start(seat, loop->now);
		if (!error)
			continue;
		tell("%s: cannot start a process: %s; tries again", seat->target->name,
		     strerror(error));
		leave_alone(seat, loop->now);
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
	       (loop->hopeless >= FAILURES_MOST * loop->crews && !running(loop));
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
	for_running(loop, end_seat);
	while (running(loop)) {
		if (loop->stopped_by || loop->now - told >= END_PATIENCE)
			for_running(loop, kill_seat);
		wait_a_little(loop);
		reap(loop);
	}
	kill_strays(loop);
	for (size_t i = 0; i < loop->campaign->count; i++)
		target_harvest(loop->campaign->targets[i], &loop->campaign->options, true,
			       loop->now);
}

static void loop_run(struct loop *loop)
{
	while (!is_over(loop)) {
		reap(loop);
		for_running(loop, end_turn);
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

		if ((!find_engines(campaign, target) && !campaign->options.collect) ||
		    !target_open(target, &campaign->options))
			continue;
		campaign->targets[kept++] = target;
	}
	campaign->count = kept;
}

static void plan_turns(struct loop *loop)
{
	const struct fuzz_options *options = &loop->campaign->options;
	unsigned int roles = 0;
	long turn;

	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			if (loop->campaign->targets[i]->crews[e].there) {
				roles += engines[e]->roles;
				loop->crews++;
			}
	turn = (long)(options->time * 1000UL * options->jobs / (roles ? roles : 1));
	if (!options->time || turn > TURN_MOST)
		turn = TURN_MOST;
	loop->turn = roles <= options->jobs ? 0 : turn > TURN_LEAST ? turn : TURN_LEAST;
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

int campaign_run(struct campaign *campaign)
{
	struct loop loop = {.campaign = campaign};
	size_t findings;

	open_targets(campaign);
	if (!campaign->count) {
		tell("pagetorture fuzz: expected a target that can be fuzzed, there is none");
		return EXIT_BAD;
	}
	take_signals(&loop);
	loop.now = loop.started = loop.last_tick = now_ms();
	loop.progress = (struct progress){&campaign->options, campaign->targets, campaign->count,
					  loop.now, loop.now};
	plan_turns(&loop);
	progress_begin(&loop.progress);
	begin(&loop);
	if (!campaign->options.collect)
		loop_run(&loop);
	progress_summary(&loop.progress, loop.now);
	findings = new_findings(campaign);
	campaign_results(campaign, findings ? "failed" : "good", loop.now);
	if (findings)
		return EXIT_FAILED;
	if (loop.crews && loop.hopeless >= FAILURES_MOST * loop.crews) {
		tell("pagetorture fuzz: no engine could be started");
		return EXIT_BAD;
	}
	return EXIT_GOOD;
}
