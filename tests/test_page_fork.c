/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What shows pages by addresses of their own gives a child a copy of them. What if the system
 * has nothing to copy to, or gets in between?
 */
#include <signal.h>
#include <sys/time.h>

#include "page/sync.h"
#include "tests/refuse.h"

/* Return: the wait status of a child that looks at its page and writes it. */
static int fork_and_write(unsigned char *addr)
{
	int status;
	pid_t pid;

	addr[0] = 1;
	pid = fork();
	if (pid == 0) {
		must(addr[0] == 1);
		addr[0] = 3;
		_exit(0);
	}
	addr[0] = 2;
	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR);
	must(addr[0] == 2);
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
	must(fork_and_write(addr));
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

/* It forks all the same; that it does not wait for the child's copy only it can know. */
static void cannot_wait(void)
{
	unsigned char *addr = forked_addr();
	pid_t pid;

	addr[0] = 1;
	refuse(SYS_read, EIO);
	pid = fork();
	if (pid == 0)
		_exit(addr[0] != 1);
	must(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/*
 * A parent that is interrupted waits again, or it would write what is not copied yet: a
 * page that comes after many.
 */
static void interrupted(void)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction action = { .sa_handler = on_alarm };

	choose("alias");
	for (int i = 0; i < 16384; i++)
		page_or_die();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	must(!fork_and_write(page_map_local(page_or_die())));
}

static bool child_dies_of(void (*fn)(void), const char *rule)
{
	struct child_result outcome = in_child(fn);

	return !outcome.status && strstr(outcome.said, rule);
}

static void test_fork(void)
{
	ok(aborts_with(no_pipe, "map-failed"), "fork: no pipe");
	ok(child_dies_of(child_no_file, "map-failed: memfd_create"), "fork: no file for the child");
	ok(child_dies_of(child_no_room, "map-failed: memfd_create"), "fork: no room in it");
	ok(child_dies_of(child_no_copy, "map-failed: copy"), "fork: pages that cannot be copied");
	ok(child_dies_of(child_no_mapping, "map-failed: mmap"), "fork: nor be mapped");
	ok(returns_normally(cannot_wait), "fork: a parent that cannot wait");
	ok(returns_normally(interrupted), "fork: a parent that is interrupted");
}

int main(void)
{
	if (refuses_anything())
		test_fork();
	else
		skip("fork() where the system refuses: no seccomp filters here");
	return done();
}
