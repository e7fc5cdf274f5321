/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes calls fail while the patterns run: injected failures drawn from the seed, a memory limit,
 * and threads that fork and exec. A refused call is a result (R11), never a crash.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress/core.h"

#define FORK_MSEC 10
#define MIB	  ((rlim_t)1 << 20)

/* ---- injected failures ---- */

static void inject(enum page_fault_point point, unsigned int percent, uint64_t seed)
{
	struct page_fault_attr attr = PAGE_FAULT_ATTR_INIT;

	attr.probability = percent;
	attr.times = -1;
	attr.seed = seed;
	if (page_fault_attr_set(point, &attr) && percent)
		stress_exit_failed("a page library that can make calls fail", ENOSYS);
}

bool stress_alloc_may_fail(const struct stress_thread *self)
{
	return self->run->pressure.fail_alloc || self->run->pressure.memory;
}

bool stress_copy_may_fail(const struct stress_thread *self)
{
	return self->run->pressure.fail_copy;
}

void stress_count_refused(struct stress_thread *self, const char *call, bool may)
{
	atomic_fetch_add_explicit(&self->refused, 1, memory_order_relaxed);
	if (!may)
		stress_fail(self, "%s in thread %u: expected success, found %s", call, self->index,
			    strerror(errno));
}

struct page *stress_alloc(struct stress_thread *self, gfp_t gfp)
{
	struct page *page = page_alloc(gfp);

	if (!page)
		stress_count_refused(self, "page_alloc", stress_alloc_may_fail(self));
	return page;
}

struct page *stress_alloc_or_exit(gfp_t gfp)
{
	struct page *page = page_alloc(gfp);

	if (!page)
		stress_exit_failed("a page", errno);
	return page;
}

/* ---- memory ---- */

static rlim_t address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%lu", &pages) != 1)
		stress_exit_failed("/proc/self/statm", errno);
	fclose(statm);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(unsigned int mib)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = address_space() + mib * MIB;
	if (setrlimit(RLIMIT_AS, &limit))
		stress_exit_failed("a limit of memory", errno);
}

/* ---- fork and exec ---- */

static pthread_t forkers[STRESS_THREADS_MAX];
static atomic_bool forking;
static atomic_ulong children_bad;

/* Uses only functions that are allowed after a fork of a process with many threads. */
static void in_child(unsigned int nth)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nth % 2)
		execl("/bin/true", "true", (char *)NULL);
	_exit(0);
}

static void fork_once(unsigned int nth)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		in_child(nth);
	if (pid < 0) /* the system refuses a process: that is pressure as well */
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		atomic_fetch_add_explicit(&children_bad, 1, memory_order_relaxed);
}

static void *fork_and_exec(void *arg)
{
	const struct timespec pause = { .tv_nsec = FORK_MSEC * 1000000 };

	for (unsigned int nth = 0; atomic_load_explicit(&forking, memory_order_relaxed); nth++) {
		fork_once(nth);
		nanosleep(&pause, NULL);
	}
	return arg;
}

/* ---- all of it ---- */

void pressure_start(struct stress_run *run)
{
	const struct stress_pressure *p = &run->pressure;

	if (p->fail_alloc)
		inject(PAGE_FAULT_ALLOC, p->fail_alloc, run->seed);
	if (p->fail_copy)
		inject(PAGE_FAULT_USERCOPY, p->fail_copy, run->seed);
	atomic_store_explicit(&forking, true, memory_order_relaxed);
	for (unsigned int i = 0; i < p->forks; i++) {
		int error = pthread_create(&forkers[i], NULL, fork_and_exec, NULL);

		if (error)
			stress_exit_failed("another thread", error);
	}
	if (p->memory)
		limit_memory(p->memory);
}

void pressure_stop(struct stress_run *run)
{
	atomic_store_explicit(&forking, false, memory_order_relaxed);
	for (unsigned int i = 0; i < run->pressure.forks; i++)
		pthread_join(forkers[i], NULL);
	if (run->pressure.fail_alloc)
		inject(PAGE_FAULT_ALLOC, 0, 0);
	if (run->pressure.fail_copy)
		inject(PAGE_FAULT_USERCOPY, 0, 0);
	stress_expect_count(&threads[0], "children of fork() that did not end well",
			    atomic_load_explicit(&children_bad, memory_order_relaxed), 0);
}
