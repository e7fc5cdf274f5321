/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Kept pages are never freed, and never reported to ThreadSanitizer: a program cannot access them.
 */
#include "harness/exec/exec_start.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/detect/tsan_hooks.h"
#include "harness/exec/exec_state.h"
#include "harness/util/isolate.h"

/* A library with more pages is not explored from START_LEFT, which would use all memory. */
#define COUNTED_PAGES_MAX (1u << 18)

#define COUNT_TIMEOUT_MS 3000

/* START_LEFT frees this number of pages before, so that a quarantine is full and passes freed pages on. */
#define PAGES_IN_QUARANTINE 128

#define NO_MEMORY "expected memory for the executor, got none"
#define NO_PAGES  "expected a page library with enough pages for the start state"

static unsigned int keep_pages(unsigned int most)
{
	unsigned int count = 0;

	while (count < most && page_alloc(GFP_KERNEL))
		count++;
	return count;
}

/* Allocates pages, and then frees them in the same order. Return: false if the library has fewer pages. */
static bool allocate_and_free_pages(unsigned int count)
{
	static struct page *pages[UINT16_MAX];
	unsigned int allocated = 0;

	while (allocated < count && (pages[allocated] = page_alloc(GFP_KERNEL)))
		allocated++;
	for (unsigned int i = 0; i < allocated; i++)
		page_free(pages[i]);
	return allocated == count;
}

/*
 * Waits for the end of the child. A child that allocates no page for COUNT_TIMEOUT_MS is killed: its library
 * does not return from an allocation without pages, which the executions will show.
 */
static void wait_for_end_of_count(pid_t child, const volatile unsigned int *count)
{
	const struct timespec interval = { .tv_nsec = 1000000 };
	unsigned int before = 0, waited = 0;
	pid_t ended;

	while (!(ended = waitpid(child, NULL, WNOHANG)) && waited < COUNT_TIMEOUT_MS) {
		waited = *count == before ? waited + 1 : 0;
		before = *count;
		nanosleep(&interval, NULL);
	}
	if (ended)
		return;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Counts in a child process, because the pages cannot be given back. Return: 0 without a child process. */
static unsigned int count_left_pages(void)
{
	volatile unsigned int *count = isolate_map_shared(sizeof(*count));
	pid_t child = count ? fork() : -1;

	if (child < 0)
		return 0;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (*count < COUNTED_PAGES_MAX && page_alloc(GFP_KERNEL))
			++*count;
		_exit(0);
	}
	wait_for_end_of_count(child, count);
	return *count;
}

static bool leave_pages(unsigned int count)
{
	unsigned int left;

	if (!allocate_and_free_pages(PAGES_IN_QUARANTINE))
		return false;
	left = count_left_pages();
	return left >= count && left < COUNTED_PAGES_MAX && keep_pages(left - count) == left - count;
}

static bool enter_state(struct exec *exec, struct start_state start)
{
	if (start.kind == START_FIRST_USE)
		return true;
	if (!exec_use_one_page(exec))
		return false;
	switch (start.kind) {
	case START_KEPT:
		return keep_pages(start.count) == start.count;
	case START_FREED:
		return allocate_and_free_pages(start.count);
	case START_LEFT:
		return leave_pages(start.count);
	default:
		return keep_pages(1) == 1;
	}
}

struct exec *exec_new_in_state(struct start_state start, const char **error)
{
	struct exec *exec = exec_new_without_fibers(start.kind == START_USED);
	bool is_entered;

	*error = NO_MEMORY;
	if (!exec || start.kind == START_USED)
		return exec;
	exec->is_first_use = start.kind == START_FIRST_USE;
	tsan_hooks_hide_heap(true);
	is_entered = enter_state(exec, start);
	tsan_hooks_hide_heap(false);
	*error = NO_PAGES;
	return is_entered ? exec : NULL;
}
