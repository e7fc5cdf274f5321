/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Waits for a child process:
 *
 * 1. The kernel reports when the child has ended, not the end of its output: the child may close its
 *    output and continue, and a process that it started may keep it open.
 * 2. The child is killed when its time is over.
 * 3. If it is unknown how the child ended, isolate() fails. It never assumes success.
 */
struct watched {
	pid_t pid;
	int ended;  /* readable once the child has ended; -1: not supported */
	int output; /* -1: closed */
	size_t used;
	struct isolated *result;
};

/* Milliseconds between two polls of a child if the kernel cannot notify. */
#define POLL_MSEC 5
/* Number of read() calls for output of a process that outlives the child. */
#define READS_AT_END 1024

/* Return: false if there is nothing to read now. */
static bool read_output(struct watched *child)
{
	size_t room = ISOLATE_OUTPUT - 1 - child->used;
	char beyond[512];
	ssize_t got;

	if (child->output < 0)
		return false;
	if (room)
		got = read(child->output, child->result->output + child->used, room);
	else
		got = read(child->output, beyond, sizeof(beyond));
	if (got > 0 && room)
		child->used += (size_t)got;
	if (got > 0 || (got < 0 && errno == EINTR))
		return true;
	if (got == 0 || errno != EAGAIN) {
		close(child->output);
		child->output = -1;
	}
	return false;
}

static void wait_a_little(const struct watched *child, long most)
{
	const struct timespec little = { .tv_nsec = POLL_MSEC * 1000000 };
	struct pollfd files[] = {
		{ .fd = child->output, .events = POLLIN },
		{ .fd = child->ended, .events = POLLIN },
	};

	if (child->ended < 0 && most > POLL_MSEC)
		most = POLL_MSEC;
	/* Without poll() the child is checked at intervals. */
	if (poll(files, 2, (int)most) < 0 && errno != EINTR)
		nanosleep(&little, NULL);
}

/* Return: as waitpid(), once the child has ended or was killed at its time limit. */
static pid_t wait_for_child(struct watched *child, long deadline, int *status)
{
	pid_t got;

	while ((got = waitpid(child->pid, status, WNOHANG)) == 0) {
		long left = deadline - now_ms();

		if (left <= 0) {
			child->result->hung = true;
			kill(child->pid, SIGKILL);
			while ((got = waitpid(child->pid, status, 0)) < 0 && errno == EINTR)
				;
			break;
		}
		wait_a_little(child, left);
		read_output(child);
	}
	for (unsigned int i = 0; i < READS_AT_END && read_output(child); i++)
		;
	return got;
}

static _Noreturn void be_child(void (*fn)(void *ctx), void *ctx, const int ends[2])
{
	/* The child may never end by itself. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(ends[1], STDOUT_FILENO) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		_exit(ISOLATE_NO_OUTPUT);
	/* The caller may have started without standard files. */
	for (unsigned int i = 0; i < 2; i++)
		if (ends[i] > STDERR_FILENO)
			close(ends[i]);
	fn(ctx);
	fflush(NULL);
	_exit(0);
}

bool isolate(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result)
{
	struct watched child = { .result = result };
	long deadline = now_ms() + seconds * 1000L;
	int ends[2], status = 0;
	pid_t got;

	result->hung = false;
	result->signal = 0;
	result->exit_code = -1;
	result->output[0] = '\0';
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC))
		return false;
	child.pid = fork();
	if (child.pid == 0)
		be_child(fn, ctx, ends);
	close(ends[1]);
	if (child.pid < 0) {
		close(ends[0]);
		return false;
	}
	child.output = ends[0];
	child.ended = (int)syscall(SYS_pidfd_open, child.pid, 0);
	fcntl(child.output, F_SETFL, O_NONBLOCK);
	got = wait_for_child(&child, deadline, &status);
	result->output[child.used] = '\0';
	if (child.output >= 0)
		close(child.output);
	if (child.ended >= 0)
		close(child.ended);
	if (got != child.pid) {
		kill(child.pid, SIGKILL);
		return false;
	}
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return true;
}

void *isolate_map_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

NO_COVERAGE_END
