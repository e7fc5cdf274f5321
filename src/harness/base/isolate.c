/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/base/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/uncounted.h"

UNCOUNTED_BEGIN

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the child closes its output or its time is up. Return: false if it is. */
static bool collect(int fd, long deadline, char output[ISOLATE_OUTPUT])
{
	size_t used = 0;

	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		long left = deadline - now_ms();
		char extra[512];
		ssize_t got;

		if (left <= 0)
			break;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		if (used < ISOLATE_OUTPUT - 1)
			got = read(fd, output + used, ISOLATE_OUTPUT - 1 - used);
		else
			got = read(fd, extra, sizeof(extra));
		if (got == 0)
			break;
		if (got > 0 && used < ISOLATE_OUTPUT - 1)
			used += (size_t)got;
	}
	output[used] = '\0';
	return now_ms() < deadline;
}

bool isolate(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result)
{
	int ends[2], status = 0;
	pid_t child;

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC))
		return false;
	child = fork();
	if (child == 0) {
		/* It may be one that never ends by itself. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		fn(ctx);
		fflush(NULL);
		_exit(0);
	}
	close(ends[1]);
	result->hung = child > 0 && !collect(ends[0], now_ms() + seconds * 1000L, result->output);
	close(ends[0]);
	if (child < 0)
		return false;
	if (result->hung)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return true;
}

void *isolate_share(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

UNCOUNTED_END
