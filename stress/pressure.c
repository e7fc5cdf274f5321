/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Pressure on a running scenario: calls that fail as the seed chooses, a memory limit, threads that fork and
 * exec, and delays. A call of the library that fails must return an error (R11), and never crash.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/exec/delay.h"
#include "stress/core.h"

#define FORK_MSEC     10
#define CHILD_SECONDS 60
/* An operation is delayed only at its first DELAY_POINTS_MAX points where a delay is possible. */
#define DELAY_POINTS_MAX 64

/* ---- calls that fail ---- */

/* Makes @percent of the calls at @point fail if @is_on. Return: false if the library cannot do that. */
static bool try_to_set_failure_percent(enum page_fault_point point, unsigned int percent, bool is_on)
{
	struct page_fault_attr attr = PAGE_FAULT_ATTR_INIT;

	attr.probability = is_on ? percent : 0;
	attr.times = -1;
	attr.seed = current_run.seed;
	return !percent || !page_fault_attr_set(point, &attr);
}

bool pressure_try_switch_failing_calls(bool is_on)
{
	return try_to_set_failure_percent(PAGE_FAULT_ALLOC, current_run.fail_alloc_percent, is_on) &&
	       try_to_set_failure_percent(PAGE_FAULT_USERCOPY, current_run.fail_copy_percent, is_on);
}

static void count_refused_call(struct stress_thread *self)
{
	add_relaxed(&self->refused_count, 1);
}

bool stress_count_if_refused_copy(struct stress_thread *self, int error)
{
	bool is_refused = error == -EFAULT && current_run.fail_copy_percent;

	if (is_refused)
		count_refused_call(self);
	return is_refused;
}

void stress_count_and_check_refused_call(struct stress_thread *self, const char *call_name)
{
	count_refused_call(self);
	if (!current_run.fail_alloc_percent && !current_run.memory_limit_mib)
		stress_report_failure(self, "%s in thread %u: expected success, found %s", call_name,
				      self->thread_index, strerror(errno));
}

struct page *stress_alloc_page(struct stress_thread *self, gfp_t gfp)
{
	struct page *page = page_alloc(gfp);

	if (page)
		self->unfreed_page_count++;
	else
		stress_count_and_check_refused_call(self, "page_alloc");
	return page;
}

void stress_free_page(struct stress_thread *self, struct page *page)
{
	self->unfreed_page_count--;
	page_free(page);
}

struct page *stress_alloc_page_or_exit(gfp_t gfp)
{
	struct page *page = page_alloc(gfp);

	if (!page)
		stress_exit_with_failure("a page", errno);
	return page;
}

/* ---- memory ---- */

static void limit_additional_memory(unsigned int additional_mib)
{
	unsigned long address_space_bytes, resident_bytes;
	struct rlimit limit;

	if (!statistics_get_memory_bytes(&address_space_bytes, &resident_bytes))
		stress_exit_with_failure("/proc/self/statm", errno);
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = address_space_bytes + ((rlim_t)additional_mib << 20);
	if (setrlimit(RLIMIT_AS, &limit))
		stress_exit_with_failure("a limit of memory", errno);
}

/* ---- fork and exec ---- */

static pthread_t fork_threads[STRESS_THREADS_MAX];
static atomic_bool must_fork;
static atomic_ulong failed_children;

/* Return: whether the page library works in this child process. */
static bool use_page_in_child(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
	const uint8_t written[] = "child";
	uint8_t read[sizeof(written) + 1];
	bool is_good;

	if (!page)
		return true; /* all pages are in use */
	is_good = !page_write_raw(page, written, 1, sizeof(written)) &&
		  !page_read_raw(page, read, 0, sizeof(read)) && !read[0] &&
		  !memcmp(read + 1, written, sizeof(written));
	page_unmap_local(page_map_local(page));
	page_free(page);
	return is_good;
}

/*
 * The child process calls only the page library and async-signal-safe functions, because the parent process
 * has several threads. A child that waits for ever is ended by a signal. A fork() that fails is not reported.
 */
static void fork_child_and_wait(bool must_exec)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(CHILD_SECONDS);
		if (!use_page_in_child())
			_exit(1);
		if (must_exec)
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		add_relaxed(&failed_children, 1);
}

static void *fork_children_until_stopped(void *arg)
{
	const struct timespec pause = { .tv_nsec = FORK_MSEC * 1000000 };

	for (unsigned int child_number = 0; load_relaxed(&must_fork); child_number++) {
		fork_child_and_wait(child_number % 2);
		nanosleep(&pause, NULL);
	}
	return arg;
}

/* ---- delays ---- */

NO_TSAN void pressure_delay_thread_at_random(struct stress_thread *self)
{
	struct delay_point point = { .seed = current_run.seed,
				     .run_number = (uint32_t)self->begun_operation_count,
				     .thread = (uint16_t)self->thread_index,
				     .step = (uint16_t)self->passed_delay_points };

	if (self->passed_delay_points++ < DELAY_POINTS_MAX)
		delay_wait(delay_compute(&point));
}

/*
 * Delays a call inside the library: a call checks its arguments, then gets the current task by this hook, and
 * then has its effects.
 */
NO_TSAN static struct page_task *delay_and_get_no_task(void)
{
	if (current_thread)
		pressure_delay_thread_at_random(current_thread);
	return NULL;
}

/* ---- start and end ---- */

void pressure_start_failures_forks_delays(void)
{
	pressure_try_switch_failing_calls(true);
	store_relaxed(&must_fork, true);
	for (unsigned int i = 0; i < current_run.fork_thread_count; i++)
		start_thread_or_exit(&fork_threads[i], fork_children_until_stopped, NULL);
	if (current_run.memory_limit_mib)
		limit_additional_memory(current_run.memory_limit_mib);
	if (current_run.must_delay_threads)
		page_task_hook_set(delay_and_get_no_task);
}

void pressure_stop_and_check_children(void)
{
	page_task_hook_set(NULL);
	store_relaxed(&must_fork, false);
	for (unsigned int i = 0; i < current_run.fork_thread_count; i++)
		pthread_join(fork_threads[i], NULL);
	pressure_try_switch_failing_calls(false);
	stress_expect_equal(&threads[0], "children of fork() that did not end well",
			    load_relaxed(&failed_children), 0);
}
