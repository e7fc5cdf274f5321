/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tool/campaign/campaign_parts.h"
#include "tool/campaign/tell.h"

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

void reap_strays(const struct loop *loop)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		if (!seats_find(loop, pid))
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

/* No other start would change it: the page library lacks calls of this target (absent.c). */
static bool is_skipped(const struct seat *seat, int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == EX_UNAVAILABLE &&
	       strstr(seat->last, ": skipped: ");
}

/* Removes the engine from the target, and a target without engines from the campaign. */
static void skip_crew(struct loop *loop, const struct seat *seat)
{
	struct campaign *campaign = loop->campaign;
	struct target *target = seat->target;
	bool any = false;
	size_t kept = 0;

	for (size_t i = 0; i < ENGINES; i++) {
		struct crew *crew = &target->crews[i];

		if (crew->engine == seat->engine && crew->there) {
			tell("%s: skipped: %s: %s", target->name, crew->engine->name,
			     strstr(seat->last, ": skipped: ") + strlen(": skipped: "));
			crew->there = false;
			loop->crews--;
		}
		any |= crew->there || seats_in_crew(crew);
	}
	if (any)
		return;
	for (size_t i = 0; i < campaign->count; i++)
		if (campaign->targets[i] != target)
			campaign->targets[kept++] = campaign->targets[i];
	campaign->count = loop->progress.count = kept;
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
	if (!executed && is_skipped(seat, status)) {
		skip_crew(loop, seat);
		return;
	}
	if (seat->failures < FAILURES_MOST)
		tell_end(seat, status);
	if (!executed) {
		turn_later(seat, loop->now);
		loop->hopeless++;
	}
}

void reap(struct loop *loop)
{
	struct seat *seat;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unsigned long before;

		seat = seats_find(loop, pid);
		if (!seat)
			continue;
		before = seat->before;
		seat_ended(seat, loop->now);
		judge_end(loop, seat, status, seat->before > before);
		if (WIFSIGNALED(status))
			reap_strays(loop);
	}
}
