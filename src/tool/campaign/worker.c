/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/campaign/target.h"

void worker_init(struct worker *worker, const struct engine *engine, struct target *target,
	       const struct fuzz_options *options, unsigned int number)
{
	char role[16];

	worker->engine = engine;
	worker->target = target;
	worker->options = options;
	worker->number = number;
	engine->name_role(number, role, sizeof(role));
	snprintf(worker->name, sizeof(worker->name), "%s-%s", engine->name, role);
	path_format_or_exit(worker->log, sizeof(worker->log), "%s/logs/%s", target->dir, worker->name);
}

static _Noreturn void execute(const struct worker *worker, struct command_line *line, pid_t parent)
{
	struct rlimit no_core = {0, 0};
	sigset_t none;
	int log = open(worker->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

	/* An engine finds as much without a log. */
	if (log < 0)
		log = open("/dev/null", O_WRONLY);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close(log);
	log = open("/dev/null", O_RDONLY);
	dup2(log, STDIN_FILENO);
	close(log);
	/* A terminal's Ctrl-C is for the campaign, which ends its engines in order. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	/* The engine ends if this program is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		execvp(line->argv[0], line->argv);
	dprintf(STDERR_FILENO, "cannot start %s: %s\n", line->argv[0], strerror(errno));
	_exit(127);
}

int worker_start(struct worker *worker, long now)
{
	struct command_line line = { .count = 0 };
	pid_t parent = getpid();
	char old[PATH_MAX + 8];

	/* The log of the run before is kept: its end says why it ended. */
	path_format_or_exit(old, sizeof(old), "%s.old", worker->log);
	rename(worker->log, old);
	worker->now = (struct figures){.coverage = worker->now.coverage};
	worker->read_at = now;
	worker->base = 0;
	worker->engine->read_figures(worker);
	worker->base = worker->now.executions;
	worker->now.executions = 0;
	worker->now.rate = 0;
	worker->engine->command(worker, &line);
	worker->log_read = 0;
	worker->last[0] = worker->reason[0] = worker->written[0] = '\0';
	worker->asked_to_end = 0;
	worker->pid = fork();
	if (worker->pid == 0)
		execute(worker, &line, parent);
	command_destroy(&line);
	if (worker->pid < 0) {
		worker->pid = 0;
		return errno;
	}
	setpgid(worker->pid, worker->pid);
	worker->started = now;
	worker->starts++;
	return 0;
}

/* Control characters would reach the terminal of this program. */
static void remove_controls(char *line)
{
	char *to = line;

	for (const char *c = line; *c; c++)
		if ((unsigned char)*c >= ' ')
			*to++ = *c;
	*to = '\0';
}

static void read_line(struct worker *worker, char *line)
{
	remove_controls(line);
	if (line[strspn(line, " ")])
		snprintf(worker->last, sizeof(worker->last), "%s", line);
	worker->engine->read_line(worker, line);
}

/* Reads the lines that are whole; the next call begins at the one that is not. */
static void read_log(struct worker *worker)
{
	FILE *file = fopen(worker->log, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return;
	if (!fseeko(file, worker->log_read, SEEK_SET))
		while ((len = getline(&line, &size, file)) > 0 && line[len - 1] == '\n') {
			worker->log_read += len;
			read_line(worker, line);
		}
	free(line);
	fclose(file);
}

void worker_read(struct worker *worker, long now)
{
	unsigned long executions = worker->now.executions;

	read_log(worker);
	worker->engine->read_figures(worker);
	if (worker->now.executions == executions)
		return;
	worker->read_at = now;
	worker->now.rate = worker->now.executions * 1000 / (unsigned long)(now - worker->started + 1);
}

void worker_end(struct worker *worker, long now)
{
	if (worker->pid && !worker->asked_to_end) {
		worker->asked_to_end = now;
		kill(worker->pid, SIGINT);
	}
}

void worker_kill(const struct worker *worker)
{
	if (worker->pid)
		kill(-worker->pid, SIGKILL);
}

void worker_ended(struct worker *worker, long now)
{
	worker_read(worker, now);
	worker->pid = 0;
	worker->before += worker->now.executions;
	worker->now.executions = 0;
	worker->now.rate = 0;
}

unsigned long worker_executions(const struct worker *worker, long now)
{
	unsigned long since = 0;

	if (worker->pid && !worker->asked_to_end)
		since = worker->now.rate * (unsigned long)(now - worker->read_at) / 1000;
	return worker->before + worker->now.executions + since;
}
