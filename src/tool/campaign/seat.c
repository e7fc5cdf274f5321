/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tool/campaign/target.h"

void seat_init(struct seat *seat, const struct engine *engine, struct target *target,
	       const struct fuzz_options *options, unsigned int number)
{
	char role[16];

	seat->engine = engine;
	seat->target = target;
	seat->options = options;
	seat->number = number;
	engine->name_role(number, role, sizeof(role));
	snprintf(seat->name, sizeof(seat->name), "%s-%s", engine->name, role);
	snprintf(seat->log, sizeof(seat->log), "%.3500s/logs/%s", target->dir, seat->name);
}

/* Only what may be called between fork() and exec(), but for the environment: one thread. */
static _Noreturn void become(const struct seat *seat, struct command_line *line, pid_t parent)
{
	struct rlimit no_core = {0, 0};
	sigset_t none;
	int log = open(seat->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

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

int seat_start(struct seat *seat, long now)
{
	static struct command_line line;
	pid_t parent = getpid();
	char old[PATH_MAX + 8];

	/* The log of the run before is kept: its end says why it ended. */
	snprintf(old, sizeof(old), "%s.old", seat->log);
	rename(seat->log, old);
	memset(&line, 0, sizeof(line));
	seat->now = (struct figures){.coverage = seat->now.coverage};
	seat->read_at = now;
	seat->base = 0;
	seat->engine->read_figures(seat);
	seat->base = seat->now.executions;
	seat->now.executions = 0;
	seat->now.rate = 0;
	seat->engine->command(seat, &line);
	seat->log_read = 0;
	seat->line_used = 0;
	seat->last[0] = seat->reason[0] = seat->written[0] = '\0';
	seat->told_to_end = 0;
	seat->pid = fork();
	if (seat->pid == 0)
		become(seat, &line, parent);
	if (seat->pid < 0) {
		seat->pid = 0;
		return errno;
	}
	setpgid(seat->pid, seat->pid);
	seat->started = now;
	seat->starts++;
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

static void end_line(struct seat *seat)
{
	seat->line[seat->line_used] = '\0';
	seat->line_used = 0;
	without_colours(seat->line);
	if (seat->line[strspn(seat->line, " ")])
		snprintf(seat->last, sizeof(seat->last), "%s", seat->line);
	seat->engine->read_line(seat, seat->line);
}

static void read_bytes(struct seat *seat, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '\n')
			end_line(seat);
		else if (seat->line_used < sizeof(seat->line) - 1)
			seat->line[seat->line_used++] = bytes[i];
}

static void read_log(struct seat *seat)
{
	int fd = open(seat->log, O_RDONLY | O_CLOEXEC);
	char bytes[8192];
	ssize_t got;

	if (fd < 0)
		return;
	while ((got = pread(fd, bytes, sizeof(bytes), seat->log_read)) > 0) {
		seat->log_read += got;
		read_bytes(seat, bytes, (size_t)got);
	}
	close(fd);
}

void seat_read(struct seat *seat, long now)
{
	unsigned long executions = seat->now.executions;

	read_log(seat);
	seat->engine->read_figures(seat);
	if (seat->now.executions == executions)
		return;
	seat->read_at = now;
	seat->now.rate = seat->now.executions * 1000 / (unsigned long)(now - seat->started + 1);
}

void seat_end(struct seat *seat, long now)
{
	if (seat->pid && !seat->told_to_end) {
		seat->told_to_end = now;
		kill(seat->pid, SIGINT);
	}
}

void seat_kill(const struct seat *seat)
{
	if (seat->pid)
		kill(-seat->pid, SIGKILL);
}

void seat_ended(struct seat *seat, long now)
{
	seat_read(seat, now);
	seat->pid = 0;
	seat->before += seat->now.executions;
	seat->now.executions = 0;
	seat->now.rate = 0;
}

unsigned long seat_executions(const struct seat *seat, long now)
{
	unsigned long since = 0;

	if (seat->pid && !seat->told_to_end)
		since = seat->now.rate * (unsigned long)(now - seat->read_at) / 1000;
	return seat->before + seat->now.executions + since;
}
