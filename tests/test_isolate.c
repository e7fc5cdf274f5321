/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * isolate(): when a child has ended, how, and the result if the system refuses something. Each case
 * runs in its own process, because a refusal cannot be undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "tests/refuse_call.h"
#include "tests/tap.h"

/* Far more seconds than any child needs here. */
#define LONG_SECONDS 60

static struct isolated child;

/* ---- what children do ---- */

static void end_well(void *ctx)
{
	(void)ctx;
	printf("all of it\n");
}

static void end_with_7(void *ctx)
{
	const struct timespec some = { .tv_nsec = 300000000 };

	(void)ctx;
	nanosleep(&some, NULL);
	_exit(7);
}

static void crash(void *ctx)
{
	(void)ctx;
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void close_output_and_hang(void *ctx)
{
	(void)ctx;
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	for (;;)
		pause();
}

/* The second process keeps the output open, and ends with this test. */
static void leave_a_process(void *ctx)
{
	const int *ends = ctx;
	char none;

	close(ends[1]);
	if (fork() == 0) {
		(void)!read(ends[0], &none, 1);
		_exit(0);
	}
	printf("all of it\n");
}

/* The second process never stops writing. */
static void leave_a_writer(void *ctx)
{
	(void)ctx;
	signal(SIGPIPE, SIG_DFL);
	puts("more");
	fflush(stdout);
	if (fork() == 0)
		for (;;)
			if (write(STDOUT_FILENO, "more\n", 5) < 0)
				_exit(0);
}

/* ---- cases ---- */

static bool ends_hung(void)
{
	return isolate(close_output_and_hang, NULL, 1, &child) && child.hung &&
	       child.signal == SIGKILL;
}

static bool outlives(void)
{
	int ends[2];
	bool good;

	if (pipe(ends))
		return false;
	good = isolate(leave_a_process, ends, LONG_SECONDS, &child) && !child.hung && !child.signal &&
	       child.exit_code == 0 && !strcmp(child.output, "all of it\n");
	close(ends[0]);
	close(ends[1]);
	return good;
}

static bool outwrites(void)
{
	return isolate(leave_a_writer, NULL, LONG_SECONDS, &child) && !child.hung && child.exit_code == 0 &&
	       !strncmp(child.output, "more\n", 5);
}

static void be_interrupted(int number)
{
	(void)number;
}

static bool is_interrupted(void)
{
	const struct sigaction action = { .sa_handler = be_interrupted };
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	return isolate(end_with_7, NULL, LONG_SECONDS, &child) && !child.hung && child.exit_code == 7;
}

static bool refuse_poll(void)
{
#ifdef SYS_poll
	if (!refuse_if(SYS_poll, ANY_ARG, 0, ENOMEM))
		return false;
#endif
	return refuse_if(SYS_ppoll, ANY_ARG, 0, ENOMEM);
}

/* CPU time must stay close to that of a child that only sleeps. */
static bool waits_without_poll(void)
{
	struct rusage usage;

	if (!refuse_poll() || !isolate(end_with_7, NULL, LONG_SECONDS, &child) || child.exit_code != 7)
		return false;
	getrusage(RUSAGE_SELF, &usage);
	printf("# %ld context switches\n", usage.ru_nvcsw);
	return usage.ru_nvcsw > 10 &&
	       usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0 &&
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 150000;
}

static bool works_without_pidfd(void)
{
	return refuse_if(SYS_pidfd_open, ANY_ARG, 0, ENOSYS) && outlives() && ends_hung() &&
	       isolate(end_well, NULL, LONG_SECONDS, &child) && child.exit_code == 0 &&
	       !strcmp(child.output, "all of it\n");
}

static int lowest_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD, 0);

	close(fd);
	return fd;
}

static bool refuse_fork(void)
{
#ifdef SYS_fork
	if (!refuse_if(SYS_fork, ANY_ARG, 0, EAGAIN))
		return false;
#endif
	return refuse_if(SYS_clone, ANY_ARG, 0, EAGAIN);
}

static bool fails_without_fork(void)
{
	int before = lowest_descriptor();

	return refuse_fork() && !isolate(end_well, NULL, LONG_SECONDS, &child) &&
	       lowest_descriptor() == before;
}

static bool fails_without_pipe(void)
{
	return refuse_if(SYS_pipe2, ANY_ARG, 0, EMFILE) && !isolate(end_well, NULL, LONG_SECONDS, &child);
}

static bool fails_without_wait(void)
{
	return refuse_if(SYS_wait4, ANY_ARG, 0, EINVAL) && !isolate(crash, NULL, LONG_SECONDS, &child);
}

/* With SIGCHLD ignored a process gets no status of its child. */
static bool fails_unheard(void)
{
	signal(SIGCHLD, SIG_IGN);
	return !isolate(crash, NULL, LONG_SECONDS, &child);
}

static bool needs_output(void)
{
#ifdef SYS_dup2
	if (!refuse_if(SYS_dup2, ANY_ARG, 0, EBUSY))
		return false;
#endif
	return refuse_if(SYS_dup3, ANY_ARG, 0, EBUSY) && isolate(end_well, NULL, LONG_SECONDS, &child) &&
	       child.exit_code == ISOLATE_NO_OUTPUT;
}

static bool leaves_nothing_open(void)
{
	int before = lowest_descriptor();

	return isolate(crash, NULL, LONG_SECONDS, &child) && child.signal == SIGSEGV && outlives() &&
	       outwrites() && ends_hung() && lowest_descriptor() == before;
}

static const struct {
	bool (*check)(void);
	const char *name;
} cases[] = {
	{ ends_hung, "a child that closes its output and hangs is ended" },
	{ outlives, "a process that keeps the output open does not make the child hang" },
	{ outwrites, "nor does one that never stops to write" },
	{ is_interrupted, "signals that are caught change nothing" },
	{ waits_without_poll, "poll() is refused: no spin" },
	{ works_without_pidfd, "pidfd_open() is refused: the same" },
	{ fails_without_fork, "fork() is refused: a failure, and no descriptor is left" },
	{ fails_without_pipe, "pipe2() is refused: a failure" },
	{ fails_without_wait, "wait4() is refused: a failure, not a good end" },
	{ fails_unheard, "SIGCHLD is ignored: a failure, not a good end" },
	{ needs_output, "dup2() is refused: the child does not run unheard" },
	{ leaves_nothing_open, "whatever a child does, no descriptor is left" },
};

UNIT_TEST(test_isolate)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = -1;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			/* Fail instead of hanging. */
			alarm(20);
			_exit(!cases[i].check());
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			status = -1;
		ok(status == 0, "%s", cases[i].name);
	}
}
