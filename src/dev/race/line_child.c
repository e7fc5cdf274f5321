/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/line_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool line_child_start(struct line_child *child, const char *program, char **argv)
{
	int ends[2]; /* a socket, because reads from a socket can have a time limit */

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	child->pid = fork();
	if (child->pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) >= 0)
			execvp(program, argv);
		_exit(127);
	}
	close(ends[1]);
	child->output = fdopen(ends[0], "r");
	return child->pid > 0 && child->output;
}

bool line_child_read(struct line_child *child, char *line, size_t size, unsigned int seconds)
{
	const struct timeval limit = { .tv_sec = seconds };

	setsockopt(fileno(child->output), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (fgets(line, (int)size, child->output))
		return true;
	if (!feof(child->output))
		kill(child->pid, SIGKILL);
	return false;
}

int line_child_wait(struct line_child *child)
{
	const struct timespec little = { .tv_nsec = 1000000 };
	int status = 0;
	pid_t ended;

	fclose(child->output);
	for (unsigned int ms = 0; (ended = waitpid(child->pid, &status, WNOHANG)) == 0; ms++) {
		if (ms == 60000)
			kill(child->pid, SIGKILL);
		nanosleep(&little, NULL);
	}
	if (ended < 0)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
