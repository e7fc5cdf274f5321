/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tool/campaign/campaign_parts.h"
#include "tool/campaign/log.h"

static void log_end(const struct worker *worker, int status)
{
	const char *why = worker->reason[0] ? worker->reason : worker->last;

	if (WIFSIGNALED(status))
		log_message("%s: %s was ended by signal %d; it is started again", worker->target->name,
		     worker->name, WTERMSIG(status));
	else
		log_message("%s: %s ended with status %d: %s; it is started again (log: %s.old)",
		     worker->target->name, worker->name, WEXITSTATUS(status), why, worker->log);
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
		if (!workers_find(loop, pid))
			kill(pid, SIGKILL);
	fclose(file);
}

static void log_lost(const struct worker *worker)
{
	struct store_input input;

	if (store_read(worker->written, &input))
		log_message("%s: a finding of %s could not be written: %s (log: %s.old)",
		     worker->target->name, worker->name, worker->reason, worker->log);
}

/* No other start would change it: the page library lacks calls of this target (absent.c). */
static bool is_skipped(const struct worker *worker, int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == EX_UNAVAILABLE &&
	       strstr(worker->last, ": skipped: ");
}

/* Removes the engine from the target, and a target without engines from the campaign. */
static void skip_group(struct loop *loop, const struct worker *worker)
{
	struct campaign *campaign = loop->campaign;
	struct target *target = worker->target;
	bool any = false;
	size_t kept = 0;

	for (size_t i = 0; i < ENGINES; i++) {
		struct worker_group *group = &target->groups[i];

		if (group->engine == worker->engine && group->there) {
			log_message("%s: skipped: %s: %s", target->name, group->engine->name,
			     strstr(worker->last, ": skipped: ") + strlen(": skipped: "));
			group->there = false;
			loop->groups--;
		}
		any |= group->there || workers_in_group(group);
	}
	if (any)
		return;
	for (size_t i = 0; i < campaign->count; i++)
		if (campaign->targets[i] != target)
			campaign->targets[kept++] = campaign->targets[i];
	campaign->count = loop->progress.count = kept;
}

static void judge_end(struct loop *loop, struct worker *worker, int status, bool executed)
{
	if (executed)
		loop->hopeless = worker->failures = 0;
	/* An engine that ends well has done as many executions as it was given. */
	if (worker->asked_to_end || (executed && WIFEXITED(status) && !WEXITSTATUS(status)))
		return;
	if (worker->written[0]) {
		log_lost(worker);
		target_collect(worker->target, &loop->campaign->options, false, loop->now);
		target_withdraw(worker->target, worker->written);
		return;
	}
	if (!executed && is_skipped(worker, status)) {
		skip_group(loop, worker);
		return;
	}
	if (worker->failures < FAILURES_MOST)
		log_end(worker, status);
	if (!executed) {
		worker_retry_later(worker, loop->now);
		loop->hopeless++;
	}
}

void reap(struct loop *loop)
{
	struct worker *worker;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unsigned long before;

		worker = workers_find(loop, pid);
		if (!worker)
			continue;
		before = worker->before;
		worker_ended(worker, loop->now);
		judge_end(loop, worker, status, worker->before > before);
		if (WIFSIGNALED(status))
			reap_strays(loop);
	}
}
