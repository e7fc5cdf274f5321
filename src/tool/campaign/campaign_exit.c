/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tool/campaign/campaign.h"

static void log_exit(const struct worker *worker, int status)
{
	const char *why = worker->reason[0] ? worker->reason : worker->last;

	if (WIFSIGNALED(status))
		log_message("%s: %s was ended by signal %d; it is started again", worker->target->name,
		     worker->name, WTERMSIG(status));
	else
		log_message("%s: %s ended with status %d: %s; it is started again (log: %s.old)",
		     worker->target->name, worker->name, WEXITSTATUS(status), why, worker->log);
}

/* The worker with that process, or NULL. */
static struct worker *find_worker(const struct campaign *campaign, pid_t pid)
{
	for_each_running(worker, campaign)
		if (worker->pid == pid)
			return worker;
	return NULL;
}

void kill_strays(const struct campaign *campaign)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		if (!find_worker(campaign, pid))
			kill(pid, SIGKILL);
	fclose(file);
}

static void log_lost(const struct worker *worker)
{
	struct corpus_input input;

	if (corpus_input_read(worker->written, &input))
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
static void skip_engine(struct campaign *campaign, const struct worker *worker)
{
	struct target *target = worker->target;
	bool any = workers_running(target, NULL);
	size_t kept = 0;

	for (size_t i = 0; i < ENGINES; i++) {
		struct target_engine *engine = &target->engines[i];

		if (worker->engine == engines[i] && engine->there) {
			log_message("%s: skipped: %s: %s", target->name, worker->engine->name,
				    strstr(worker->last, ": skipped: ") + strlen(": skipped: "));
			engine->there = false;
			campaign->groups--;
		}
		any |= engine->there;
	}
	if (any)
		return;
	for (size_t i = 0; i < campaign->count; i++)
		if (campaign->targets[i] != target)
			campaign->targets[kept++] = campaign->targets[i];
	campaign->count = kept;
}

static void handle_exit(struct campaign *campaign, struct worker *worker, int status, bool executed)
{
	if (executed)
		campaign->failures = worker->failures = 0;
	/* An engine that ends well has done as many executions as it was given. */
	if (worker->asked_to_end || (executed && WIFEXITED(status) && !WEXITSTATUS(status)))
		return;
	if (worker->written[0]) {
		log_lost(worker);
		target_collect(worker->target, &campaign->options, false, campaign->now);
		target_withdraw(worker->target, worker->written);
		return;
	}
	if (!executed && is_skipped(worker, status)) {
		skip_engine(campaign, worker);
		return;
	}
	if (worker->failures < FAILURES_MOST)
		log_exit(worker, status);
	if (!executed) {
		worker_retry_later(worker, campaign->now);
		campaign->failures++;
	}
}

void handle_exits(struct campaign *campaign)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct worker *worker = find_worker(campaign, pid);
		unsigned long before;

		if (!worker)
			continue;
		before = worker->before;
		worker_ended(worker, campaign->now);
		handle_exit(campaign, worker, status, worker->before > before);
		if (WIFSIGNALED(status))
			kill_strays(campaign);
	}
}
