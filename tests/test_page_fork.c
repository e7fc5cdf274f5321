/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The alias backend gives a child of fork() copies of the pages. Tests that the system refuses
 * memory for them, or interrupts the copying.
 */
#include <signal.h>
#include <sys/time.h>

#include "page/sync.h"
#include "tests/refuse.h"

/* Return: the wait status of a child that reads and writes its page. */
static int fork_and_write(unsigned char *addr)
{
	int status;
	pid_t pid;

	addr[0] = 1;
	pid = fork();
	if (pid == 0) {
		require(addr[0] == 1);
		addr[0] = 3;
		_exit(0);
	}
	addr[0] = 2;
	while (waitpid(pid, &status, 0) < 0)
		require(errno == EINTR);
	require(addr[0] == 2);
	return status;
}

static unsigned char *forked_addr(void)
{
	return page_map_local(alias_page());
}

static void no_pipe(void)
{
	unsigned char *addr = forked_addr();

	refuse(SYS_pipe2, EMFILE);
	fork_and_write(addr);
}

static void child_refused(unsigned int call)
{
	unsigned char *addr = forked_addr();

	refuse(call, ENOMEM);
	require(fork_and_write(addr));
}

static void child_no_file(void)
{
	child_refused(SYS_memfd_create);
}

static void child_no_room(void)
{
	child_refused(SYS_ftruncate);
}

static void child_no_copy(void)
{
	child_refused(SYS_pwrite64);
}

static void child_no_mapping(void)
{
	child_refused(SYNC_SYS_MMAP);
}

/* fork() works all the same; only the parent does not wait for the copy. */
static void cannot_wait(void)
{
	unsigned char *addr = forked_addr();
	pid_t pid;

	addr[0] = 1;
	refuse(SYS_read, EIO);
	pid = fork();
	if (pid == 0)
		_exit(addr[0] != 1);
	require(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/*
 * An interrupted parent must wait again, or it would write a page that is not copied yet. The page
 * comes after many others.
 */
static void interrupted(void)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction action = { .sa_handler = on_alarm };

	choose_backend("alias");
	for (int i = 0; i < 16384; i++)
		page_or_die();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	require(!fork_and_write(page_map_local(page_or_die())));
}

static bool child_aborts_with(void (*fn)(void), const char *rule)
{
	struct child_result outcome = in_child(fn);

	return !outcome.status && strstr(outcome.stderr_text, rule);
}

static void test_fork(void)
{
	ok(aborts_with(no_pipe, "map-failed"), "fork: no pipe");
	ok(child_aborts_with(child_no_file, "map-failed: memfd_create"), "fork: no file for the child");
	ok(child_aborts_with(child_no_room, "map-failed: memfd_create"), "fork: no room in it");
	ok(child_aborts_with(child_no_copy, "map-failed: copy"), "fork: pages that cannot be copied");
	ok(child_aborts_with(child_no_mapping, "map-failed: mmap"), "fork: nor be mapped");
	ok(returns_normally(cannot_wait), "fork: a parent that cannot wait");
	ok(returns_normally(interrupted), "fork: a parent that is interrupted");
}

UNIT_TEST(test_page_fork)
{
	if (refuses_anything())
		test_fork();
	else
		skip("fork() where the system refuses: no seccomp filters here");
}
