/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

static long get_time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * A child process that isolate_call() waits for:
 *
 * 1. isolate_call() waits for the end of the child, not for the end of its output. The child may close its
 *    output and continue, and a process that the child started may keep the output open.
 * 2. At its time limit the child is killed.
 * 3. If it is unknown how the child ended, isolate_call() fails. It never assumes success.
 */
struct watched_child {
	pid_t pid;
	int pidfd;          /* file descriptor, readable after the child has ended; -1: not supported */
	int output_fd;      /* read end of the child's output; -1: closed */
	size_t output_size; /* bytes of the output that are stored in `result` */
	struct isolated *result;
};

/* Milliseconds between two checks of a child if the kernel does not support pidfds. */
#define POLL_MSEC 5
/* Maximum of reads after the child's end: a process that the child started may write for ever. */
#define READS_AT_END 1024

/* Reads and stores a part of the output. Return: false if there is nothing to read now. */
static bool read_some_output(struct watched_child *child)
{
	size_t free_bytes = ISOLATE_OUTPUT - 1 - child->output_size;
	char discarded[512];
	char *target = free_bytes ? child->result->output + child->output_size : discarded;
	ssize_t read_size;

	if (child->output_fd < 0)
		return false;
	read_size = read(child->output_fd, target, free_bytes ? free_bytes : sizeof(discarded));
	if (read_size > 0 && free_bytes)
		child->output_size += (size_t)read_size;
	if (read_size > 0 || (read_size < 0 && errno == EINTR))
		return true;
	if (read_size == 0 || errno != EAGAIN) {
		close(child->output_fd);
		child->output_fd = -1;
	}
	return false;
}

static void wait_for_end_or_output(const struct watched_child *child, long max_msec)
{
	const struct timespec poll_interval = { .tv_nsec = POLL_MSEC * 1000000 };
	struct pollfd files[] = {
		{ .fd = child->output_fd, .events = POLLIN },
		{ .fd = child->pidfd, .events = POLLIN },
	};

	if (child->pidfd < 0 && max_msec > POLL_MSEC)
		max_msec = POLL_MSEC;
	/* If poll() fails, the caller checks the child again after an interval. */
	if (poll(files, 2, (int)max_msec) < 0 && errno != EINTR)
		nanosleep(&poll_interval, NULL);
}

/*
 * Waits until the child has ended, and reads its output. Kills the child at @deadline_ms.
 * Return: the result of waitpid()
 */
static pid_t wait_for_or_kill_child(struct watched_child *child, long deadline_ms, int *status)
{
	pid_t ended_pid;

	while ((ended_pid = waitpid(child->pid, status, WNOHANG)) == 0) {
		long left = deadline_ms - get_time_ms();

		if (left <= 0) {
			child->result->has_timed_out = true;
			kill(child->pid, SIGKILL);
			while ((ended_pid = waitpid(child->pid, status, 0)) < 0 && errno == EINTR)
				;
			break;
		}
		wait_for_end_or_output(child, left);
		read_some_output(child);
	}
	for (unsigned int i = 0; i < READS_AT_END && read_some_output(child); i++)
		;
	return ended_pid;
}

/* In shared memory: the process ID of the last child whose function returned. */
static atomic_int *returned_pid;

static _Noreturn void run_function_in_child(void (*fn)(void *ctx), void *ctx, const int pipe_ends[2])
{
	/* Let the child end with its parent, because the child may never end by itself. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(pipe_ends[1], STDOUT_FILENO) < 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0)
		_exit(ISOLATE_NO_OUTPUT);
	/*
	 * If the caller started without standard files, an end of the pipe may be a standard file: keep it
	 * open.
	 */
	for (unsigned int i = 0; i < 2; i++)
		if (pipe_ends[i] > STDERR_FILENO)
			close(pipe_ends[i]);
	fn(ctx);
	fflush(NULL);
	atomic_store(returned_pid, getpid());
	_exit(0);
}

bool isolate_call(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result)
{
	struct watched_child child = { .result = result };
	long deadline_ms = get_time_ms() + seconds * 1000L;
	int pipe_ends[2], status = 0;
	pid_t ended_pid;

	result->has_timed_out = false;
	result->has_returned = false;
	result->signal = 0;
	result->exit_code = -1;
	result->output[0] = '\0';
	fflush(NULL);
	if (!returned_pid)
		returned_pid = isolate_map_shared(sizeof(*returned_pid));
	if (!returned_pid || pipe2(pipe_ends, O_CLOEXEC))
		return false;
	atomic_store(returned_pid, 0);
	child.pid = fork();
	if (child.pid == 0)
		run_function_in_child(fn, ctx, pipe_ends);
	close(pipe_ends[1]);
	if (child.pid < 0) {
		close(pipe_ends[0]);
		return false;
	}
	child.output_fd = pipe_ends[0];
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	fcntl(child.output_fd, F_SETFL, O_NONBLOCK);
	ended_pid = wait_for_or_kill_child(&child, deadline_ms, &status);
	result->output[child.output_size] = '\0';
	if (child.output_fd >= 0)
		close(child.output_fd);
	if (child.pidfd >= 0)
		close(child.pidfd);
	if (ended_pid != child.pid) {
		kill(child.pid, SIGKILL);
		return false;
	}
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	result->has_returned = !result->exit_code && atomic_load(returned_pid) == child.pid;
	return true;
}

void *isolate_map_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

void *isolate_map_shared_or_exit(size_t size)
{
	void *shared = isolate_map_shared(size);

	if (shared)
		return shared;
	fprintf(stderr, "expected %zu bytes of shared memory, got none\n", size);
	exit(1);
}

static _Noreturn void end_as_child(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : ISOLATE_NO_OUTPUT);
}

void isolate_call_or_end(void (*fn)(void *ctx), void *ctx)
{
	pid_t child, ended_pid = -1;
	int status = 0;

	fflush(NULL);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn(ctx);
		fflush(NULL);
		_exit(0);
	}
	while (child > 0 && (ended_pid = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	if (child < 0 || ended_pid != child) {
		fprintf(stderr, "expected a child process, got none\n");
		_exit(1);
	}
	if (status)
		end_as_child(status);
}

NO_COVERAGE_END
