/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests isolate_call() and isolate_call_in_server(): when a call returns, what it reports about its child,
 * and what it returns if a system call fails. Each case runs in its own process, because a refusal cannot be
 * undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/isolate_server.h"
#include "tests/refuse_call.h"
#include "tests/tap.h"

/* A time limit that no child of a passing case reaches. */
#define LONG_SECONDS 60

static struct isolated child;

/* ---- functions that run in children ---- */

static void print_and_return(void *ctx)
{
	(void)ctx;
	printf("all of it\n");
}

static void exit_with_0(void *unused)
{
	(void)unused;
	exit(0);
}

static void return_after_child_that_exits(void *unused)
{
	(void)unused;
	isolate_call(exit_with_0, NULL, LONG_SECONDS, &child);
}

static void exit_after_child_that_returns(void *unused)
{
	isolate_call(print_and_return, NULL, LONG_SECONDS, &child);
	exit_with_0(unused);
}

static void sleep_and_exit_with_7(void *ctx)
{
	const struct timespec some = { .tv_nsec = 300000000 };

	(void)ctx;
	nanosleep(&some, NULL);
	_exit(7);
}

static void crash_with_sigsegv(void *ctx)
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

/* Starts a second process, which keeps the output open until the test closes its end of the pipe @ctx. */
static void start_process_that_keeps_output_open(void *ctx)
{
	const int *pipe_ends = ctx;
	char unused_byte;

	close(pipe_ends[1]);
	if (fork() == 0) {
		(void)!read(pipe_ends[0], &unused_byte, 1);
		_exit(0);
	}
	printf("all of it\n");
}

/* Starts a second process, which writes to the output until a write fails. */
static void start_process_that_writes_forever(void *ctx)
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

/* Return: whether the child that runs @run prints @output and exits with @status. */
static bool child_prints_and_exits(void (*run)(void *ctx), void *ctx, int status, const char *output)
{
	return isolate_call(run, ctx, LONG_SECONDS, &child) && !child.has_timed_out && !child.signal &&
	       child.exit_code == status && !strncmp(child.output, output, strlen(output));
}

static bool child_ends_at_time_limit(void)
{
	return isolate_call(close_output_and_hang, NULL, 1, &child) && child.has_timed_out &&
	       child.signal == SIGKILL;
}

static bool call_ends_before_other_process(void)
{
	int pipe_ends[2];
	bool child_printed_and_exited;

	if (pipe(pipe_ends))
		return false;
	child_printed_and_exited =
		child_prints_and_exits(start_process_that_keeps_output_open, pipe_ends, 0, "all of it\n");
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return child_printed_and_exited;
}

static bool call_ends_before_writer(void)
{
	return child_prints_and_exits(start_process_that_writes_forever, NULL, 0, "more\n");
}

static void return_from_signal(int signal_number)
{
	(void)signal_number;
}

static bool survives_signals(void)
{
	const struct sigaction action = { .sa_handler = return_from_signal };
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	return child_prints_and_exits(sleep_and_exit_with_7, NULL, 7, "");
}

/* While the child sleeps, isolate_call() must sleep too, so it must use little CPU time. */
static bool sleeps_while_waiting_without_poll(void)
{
	struct rusage usage;

	if (!child_prints_and_exits(sleep_and_exit_with_7, NULL, 7, ""))
		return false;
	getrusage(RUSAGE_SELF, &usage);
	printf("# %ld context switches\n", usage.ru_nvcsw);
	return usage.ru_nvcsw > 10 && usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0 &&
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 150000;
}

static bool works_without_pidfd(void)
{
	return call_ends_before_other_process() && child_ends_at_time_limit() &&
	       child_prints_and_exits(print_and_return, NULL, 0, "all of it\n");
}

static int find_lowest_free_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD, 0);

	close(fd);
	return fd;
}

static bool fails_and_closes_descriptors(void)
{
	int before = find_lowest_free_descriptor();

	return !isolate_call(crash_with_sigsegv, NULL, LONG_SECONDS, &child) &&
	       find_lowest_free_descriptor() == before;
}

/* The call must fail if SIGCHLD is ignored, because then a parent gets no exit status of its child. */
static bool fails_with_ignored_sigchld(void)
{
	signal(SIGCHLD, SIG_IGN);
	return fails_and_closes_descriptors();
}

static bool child_does_not_run_without_output(void)
{
	return child_prints_and_exits(print_and_return, NULL, ISOLATE_NO_OUTPUT, "");
}

static bool crashes_and_hangs_leave_no_descriptor(void)
{
	int before = find_lowest_free_descriptor();

	return isolate_call(crash_with_sigsegv, NULL, LONG_SECONDS, &child) && child.signal == SIGSEGV &&
	       call_ends_before_other_process() && call_ends_before_writer() && child_ends_at_time_limit() &&
	       find_lowest_free_descriptor() == before;
}

/* ---- the server ---- */

static int value = 1;

static void print_value(void *addend)
{
	printf("%d\n", value + (int)(intptr_t)addend);
}

static bool server_child_prints(intptr_t addend, const char *output)
{
	return isolate_call_in_server(print_value, (void *)addend, LONG_SECONDS, &child) &&
	       !child.exit_code && !child.signal && !strcmp(child.output, output);
}

/* Return: whether isolate_call() and isolate_call_in_server() say of @run whether it has @returned. */
static bool is_known_whether_it_returns(void (*run)(void *ctx), bool returned)
{
	return isolate_call(run, NULL, LONG_SECONDS, &child) && child.exit_code == 0 &&
	       child.has_returned == returned && isolate_call_in_server(run, NULL, LONG_SECONDS, &child) &&
	       child.exit_code == 0 && child.has_returned == returned;
}

static bool exit_is_no_return(void)
{
	return isolate_server_start() && is_known_whether_it_returns(print_and_return, true) &&
	       is_known_whether_it_returns(exit_with_0, false) &&
	       is_known_whether_it_returns(return_after_child_that_exits, true) &&
	       is_known_whether_it_returns(exit_after_child_that_returns, false);
}

static bool server_keeps_memory_of_its_start(void)
{
	bool has_printed_new_value;

	value = 2;
	has_printed_new_value = server_child_prints(10, "12\n");
	if (!isolate_server_start())
		return false;
	value = 3;
	return has_printed_new_value && server_child_prints(20, "22\n") && server_child_prints(0, "2\n");
}

static bool server_reports_crash_and_hang(void)
{
	return isolate_server_start() &&
	       isolate_call_in_server(crash_with_sigsegv, NULL, LONG_SECONDS, &child) &&
	       child.signal == SIGSEGV && isolate_call_in_server(close_output_and_hang, NULL, 1, &child) &&
	       child.has_timed_out && server_child_prints(0, "1\n");
}

static void end_server(void *unused)
{
	(void)unused;
	kill(getppid(), SIGKILL);
	pause();
}

static bool call_fails_without_server(void)
{
	return isolate_server_start() && !isolate_call_in_server(end_server, NULL, LONG_SECONDS, &child) &&
	       !isolate_call_in_server(print_value, NULL, LONG_SECONDS, &child);
}

static void print_pid_of_server(void *unused)
{
	(void)unused;
	kill(getppid(), SIGTERM);
	printf("%d\n", (int)getppid());
}

static void start_server_and_print_its_pid(void *unused)
{
	(void)unused;
	if (isolate_server_start() && isolate_call_in_server(print_pid_of_server, NULL, LONG_SECONDS, &child))
		fputs(child.output, stdout);
}

/* A signal to the group does not end the server before its client; with the client, it ends. */
static bool server_ends_with_client(void)
{
	static struct isolated client;
	int pid;

	if (!isolate_call(start_server_and_print_its_pid, NULL, LONG_SECONDS, &client))
		return false;
	pid = atoi(client.output);
	for (int i = 0; i < 10 * LONG_SECONDS && pid > 0 && !kill(pid, 0); i++)
		poll(NULL, 0, 100);
	return pid > 0 && kill(pid, 0);
}

static double get_cpu_seconds(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

#define USED_SECONDS 0.2

static void use_cpu(void *unused)
{
	(void)unused;
	while (get_cpu_seconds(RUSAGE_SELF) < USED_SECONDS)
		;
}

static void use_cpu_in_server_and_exit(void *unused)
{
	(void)unused;
	exit(!isolate_server_start() || !isolate_call_in_server(use_cpu, NULL, LONG_SECONDS, &child));
}

/* Otherwise the time of a fuzz target, which `make bench` compares, would be too short. */
static bool time_of_server_counts(void)
{
	static struct isolated client;
	double before = get_cpu_seconds(RUSAGE_CHILDREN);

	return isolate_call(use_cpu_in_server_and_exit, NULL, LONG_SECONDS, &client) && !client.exit_code &&
	       !client.signal && get_cpu_seconds(RUSAGE_CHILDREN) - before > USED_SECONDS / 2;
}

/* Some architectures lack these system calls; 0 ends a list of refused calls. */
#ifndef SYS_poll
#define SYS_poll 0
#endif
#ifndef SYS_fork
#define SYS_fork 0
#endif
#ifndef SYS_dup2
#define SYS_dup2 0
#endif

static const struct {
	bool (*check)(void);
	int refusal_errno;
	unsigned int refused_calls[2];
	const char *case_name;
} cases[] = {
	{ child_ends_at_time_limit, 0, { 0 }, "a child that closes its output and hangs is killed" },
	{ call_ends_before_other_process,
	  0,
	  { 0 },
	  "a process that keeps the output open does not make the child hang" },
	{ call_ends_before_writer, 0, { 0 }, "a process that writes forever does not make the child hang" },
	{ survives_signals, 0, { 0 }, "signals during the wait do not change the result" },
	{ sleeps_while_waiting_without_poll,
	  ENOMEM,
	  { SYS_ppoll, SYS_poll },
	  "poll() is refused: no busy wait" },
	{ works_without_pidfd,
	  ENOSYS,
	  { SYS_pidfd_open },
	  "pidfd_open() is refused: the result is the same" },
	{ fails_and_closes_descriptors,
	  EAGAIN,
	  { SYS_clone, SYS_fork },
	  "fork() is refused: isolate() fails, and no descriptor is left" },
	{ fails_and_closes_descriptors, EMFILE, { SYS_pipe2 }, "pipe2() is refused: isolate() fails" },
	{ fails_and_closes_descriptors, EINVAL, { SYS_wait4 }, "wait4() is refused: isolate() fails" },
	{ fails_with_ignored_sigchld, 0, { 0 }, "SIGCHLD is ignored: isolate() fails" },
	{ child_does_not_run_without_output,
	  EBUSY,
	  { SYS_dup3, SYS_dup2 },
	  "dup2() is refused: the child does not run without output" },
	{ exit_is_no_return, 0, { 0 }, "a function that calls exit(0) has not returned" },
	{ server_keeps_memory_of_its_start,
	  0,
	  { 0 },
	  "a child of the server has the memory of the server's start" },
	{ server_reports_crash_and_hang, 0, { 0 }, "a child of the server crashes or hangs" },
	{ call_fails_without_server, 0, { 0 }, "the server is killed: isolate_call_in_server() fails" },
	{ server_ends_with_client, 0, { 0 }, "the server ends with its client, not by SIGTERM" },
	{ time_of_server_counts,
	  0,
	  { 0 },
	  "the CPU time of the server's children counts as that of its client" },
	{ crashes_and_hangs_leave_no_descriptor,
	  0,
	  { 0 },
	  "no descriptor is left, whether a child crashes or hangs" },
};

static bool refuse_system_calls(const unsigned int calls[2], int error)
{
	for (unsigned int i = 0; i < 2 && calls[i]; i++)
		if (!refuse_system_call_if(calls[i], ANY_ARG, 0, error))
			return false;
	return true;
}

UNIT_TEST(test_isolate)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = -1;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			/* After 20 s, the process fails instead of hanging. */
			alarm(20);
			_exit(!refuse_system_calls(cases[i].refused_calls, cases[i].refusal_errno) ||
			      !cases[i].check());
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			status = -1;
		ok(status == 0, "%s", cases[i].case_name);
	}
}
