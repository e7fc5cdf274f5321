/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Links into a fuzz target: a process that the target forks ends when its parent ends.
 *
 * AFL++'s fork server forks the process that executes inputs, and this process stops itself after each
 * input (SIGSTOP). If AFL++ and the campaign are killed at once, the fork server ends, and no other process
 * would end the stopped process.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

/* Not every execution of an input forks. */
NO_COVERAGE_BEGIN

static pid_t parent_pid;

static void store_parent_pid(void)
{
	parent_pid = getpid();
}

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have ended before the call of prctl(). */
	if (getppid() != parent_pid)
		_exit(1);
}

__attribute__((constructor)) static void make_forked_processes_end_with_parent(void)
{
	pthread_atfork(store_parent_pid, NULL, end_with_parent);
}

NO_COVERAGE_END
