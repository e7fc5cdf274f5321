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

/* Only what may be called between fork() and exec(), but for the environment: one thread. */
static _Noreturn void become(const struct worker *worker, struct command_line *line, pid_t parent)
{
	struct rlimit no_core = {0, 0};
	sigset_t none;
	int log = open(worker->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

	/* Without a log there is less to see, and as much to find. */
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
	for (size_t i = 0; i < line->envs; i++)
		if (strchr(line->env[i], '='))
			putenv(line->env[i]);
		else
			unsetenv(line->env[i]);
	/* Nobody is left behind if this program is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		execvp(line->argv[0], line->argv);
	dprintf(STDERR_FILENO, "cannot start %s: %s\n", line->argv[0], strerror(errno));
	_exit(127);
}

int worker_start(struct worker *worker, long now)
{
	static struct command_line line;
	pid_t parent = getpid();
	char old[PATH_MAX + 8];

	/* The log of the run before is kept: its end says why it ended. */
	path_format_or_exit(old, sizeof(old), "%s.old", worker->log);
	rename(worker->log, old);
	memset(&line, 0, sizeof(line));
	worker->now = (struct figures){.coverage = worker->now.coverage};
	worker->read_at = now;
	worker->base = 0;
	worker->engine->read_figures(worker);
	worker->base = worker->now.executions;
	worker->now.executions = 0;
	worker->now.rate = 0;
	worker->engine->command(worker, &line);
	worker->log_read = 0;
	worker->line_used = 0;
	worker->last[0] = worker->reason[0] = worker->written[0] = '\0';
	worker->asked_to_end = 0;
	worker->pid = fork();
	if (worker->pid == 0)
		become(worker, &line, parent);
	if (worker->pid < 0) {
		worker->pid = 0;
		return errno;
	}
	setpgid(worker->pid, worker->pid);
	worker->started = now;
	worker->starts++;
	return 0;
}

/* The engines' colours are for people who look at them. */
static void without_colours(char *line)
{
	char *to = line;

	for (const char *c = line; *c; c++) {
		if (*c == '\033' && c[1] == '[') {
			c += 2 + strspn(c + 2, "0123456789;?");
			if (!*c)
				break;
		} else if ((unsigned char)*c >= ' ') {
			*to++ = *c;
		}
	}
	*to = '\0';
}

static void end_line(struct worker *worker)
{
	worker->line[worker->line_used] = '\0';
	worker->line_used = 0;
	without_colours(worker->line);
	if (worker->line[strspn(worker->line, " ")])
		snprintf(worker->last, sizeof(worker->last), "%s", worker->line);
	worker->engine->read_line(worker, worker->line);
}

static void read_bytes(struct worker *worker, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '\n')
			end_line(worker);
		else if (worker->line_used < sizeof(worker->line) - 1)
			worker->line[worker->line_used++] = bytes[i];
}

static void read_log(struct worker *worker)
{
	int fd = open(worker->log, O_RDONLY | O_CLOEXEC);
	char bytes[8192];
	ssize_t got;

	if (fd < 0)
		return;
	while ((got = pread(fd, bytes, sizeof(bytes), worker->log_read)) > 0) {
		worker->log_read += got;
		read_bytes(worker, bytes, (size_t)got);
	}
	close(fd);
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
