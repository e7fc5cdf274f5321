/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The call `child` of fuzz_api: checks that need a process of their own, because they fork, use all frames,
 * or start a thread. Each ends with status 0 if page.h is kept.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

static struct page *alloc_or_exit(gfp_t flags)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL | flags);

	api_child_expect(page, "page_alloc failed");
	return page;
}

static unsigned char read_byte(struct page *page)
{
	unsigned char byte = 0;

	page_read_raw(page, &byte, 0, 1);
	return byte;
}

/* ---- copies of the pages in processes [P19] [P75] ---- */

static struct page *shared;
static unsigned char *shared_mapping, *buffer_of_shared;

static void write_and_read_shared(unsigned char value)
{
	struct page *mapped = alloc_or_exit(__GFP_ZERO);
	unsigned char *addr = page_map_local(mapped);

	api_child_expect(*addr == 0, "a new mapping in a child process does not show its page");
	*addr = value;
	api_child_expect(read_byte(mapped) == value, "a mapping in a child process is not the page");
	page_unmap_local(addr);
	page_free(mapped);
	page_write_raw(shared, &value, 0, 1);
	for (int i = 0; i < API_MORE_THAN_ALL_PLACES; i++) {
		addr = page_map_local(shared);
		api_child_expect(*addr == value, "a new mapping of an old page does not show the page");
		page_unmap_local(addr);
	}
	api_child_expect(*shared_mapping == value, "a mapping from before the fork() is not the page");
	*shared_mapping = (unsigned char)(value + 1);
	api_child_expect(read_byte(shared) == value + 1,
			 "the page is not the mapping from before the fork()");
	*buffer_of_shared = value;
}

static void fork_and_write(unsigned int levels)
{
	unsigned char value = (unsigned char)(1 + 10 * levels);
	int status = 1;
	pid_t child;

	write_and_read_shared(value);
	if (!levels)
		return;
	child = fork();
	if (child == 0) {
		fork_and_write(levels - 1);
		_Exit(0);
	}
	api_child_expect(child > 0 && waitpid(child, &status, 0) == child && !status,
			 "a child of a child process failed");
	api_child_expect(read_byte(shared) == value + 1 && *shared_mapping == value + 1 &&
				 *buffer_of_shared == value,
			 "a child process changed the pages of its parent");
}

/* Writes all pages of the slots, too: the parent compares them afterwards. */
static void fork_several_times(void)
{
	for (struct api_slot *slot = api_slots; slot < api_slots + API_SLOTS; slot++)
		if (slot->page)
			page_fill_zero(slot->page->page, 0, PAGE_SIZE);
	shared = alloc_or_exit(0);
	/* A child process keeps the mappings of the thread's own task, and of a task that is switched out. */
	if (api_tasks[0].depth < PAGE_TASK_MAPPINGS - 3) {
		page_map_local(shared);
		page_task_switch_out(page_task_current());
		page_task_switch_in(NULL);
		page_fail_nth(0);
	}
	shared_mapping = page_map_local(shared);
	for (int i = 0; i < API_MORE_THAN_ALL_PLACES; i++)
		page_unmap_local(page_map_local(shared));
	buffer_of_shared = page_buffer_alloc(3 * PAGE_SIZE);
	api_child_expect(buffer_of_shared, "page_buffer_alloc failed");
	fork_and_write(3);
}

/* ---- all frames [P49] [P205] ---- */

#define FRAMES_MAX (1u << 17)

static unsigned char *large_buffers[64];

/*
 * Takes most frames by large buffers. Return: the number of buffers. After many inputs, the free frames are
 * in so many places that there are more buffers than this array has elements.
 */
static unsigned int allocate_large_buffers(void)
{
	unsigned int count = 0;

	for (size_t size = (size_t)1 << 30; size > PAGE_SIZE; size /= 2) {
		errno = 0;
		while (count < 64 && (large_buffers[count] = page_buffer_alloc(size - 5)))
			count++;
		api_child_expect(count == 64 || errno == ENOMEM, "a buffer without frames: expected ENOMEM");
	}
	return count;
}

static unsigned int allocate_all_pages(void)
{
	unsigned int count = 0;

	while (count < FRAMES_MAX && page_alloc(GFP_KERNEL))
		count++;
	return count;
}

static void expect_no_frame(void)
{
	errno = 0;
	api_child_expect(!page_alloc(GFP_KERNEL) && errno == ENOMEM, "all pages are in use: expected ENOMEM");
	errno = 0;
	api_child_expect(!page_alloc(GFP_ATOMIC | __GFP_NOFAIL) && errno == ENOMEM,
			 "all pages are in use: expected ENOMEM with __GFP_NOFAIL");
	errno = 0;
	api_child_expect(!page_buffer_alloc(2 * PAGE_SIZE) && errno == ENOMEM,
			 "all pages are in use: expected ENOMEM for a buffer");
}

static void *allocate_in_thread(void *unused)
{
	struct page *page = page_alloc(GFP_KERNEL);

	api_child_expect(page, "a thread gets none of the frames that another thread freed");
	page_free(page);
	return unused;
}

/* Return: a buffer of at least @pages pages, but not of many more. */
static unsigned char *find_buffer_of_pages(unsigned int count, size_t pages)
{
	while (count && page_buffer_size(large_buffers[count - 1]) < pages * PAGE_SIZE - 5)
		count--;
	api_child_expect(count, "no large buffer could be allocated");
	return large_buffers[count - 1];
}

/* More than the library keeps in its quarantine. */
#define FREED_PAGES 512

/* The frames of a freed buffer are found again, by this thread and by others. */
static void use_all_frames(void)
{
	unsigned int buffers = allocate_large_buffers(), pages = allocate_all_pages();
	pthread_t thread;

	api_child_expect(pages < FRAMES_MAX, "the library has too many frames for this check");
	expect_no_frame();
	page_buffer_free(find_buffer_of_pages(buffers, FREED_PAGES));
	api_child_expect(!pthread_create(&thread, NULL, allocate_in_thread, NULL), "pthread_create failed");
	pthread_join(thread, NULL);
	api_child_expect(allocate_all_pages() >= FREED_PAGES / 2, "freed frames are not used again");
	expect_no_frame();
}

/* ---- threads ---- */

static void *make_bytewise_calls(void *unused)
{
	static unsigned char copied[PAGE_SIZE];

	page_read_bytewise_atomic(shared, copied, 0, PAGE_SIZE);
	page_write_bytewise_atomic(shared, copied, 0, PAGE_SIZE);
	return unused;
}

/* A bytewise call needs little more than a page of stack. [P144] [P150] */
static void use_small_stack(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	shared = alloc_or_exit(__GFP_ZERO);
	api_child_expect(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, (size_t)64 * 1024) &&
				 !pthread_create(&thread, &attr, make_bytewise_calls, NULL),
			 "pthread_create failed");
	pthread_join(thread, NULL);
}

static void *use_own_task(void *first_task)
{
	struct page_task *task = page_task_current();
	char name[PAGE_TASK_NAME];

	snprintf(name, sizeof(name), "thread %ld", (long)syscall(SYS_gettid));
	api_child_expect(task != first_task && !page_task_depth(task), "two threads have one task");
	api_child_expect(!strcmp(page_task_name(task), name), "the task of a thread has another name");
	api_child_expect(!page_fail_nth(0) && !page_task_make_it_fail(true),
			 "a new thread inherits requests");
	return page_map_local(shared);
}

/* Each thread has its own task, and no requests of other threads. [P226] [P239] */
static void run_second_thread(void)
{
	struct page_task *own = api_tasks[0].task;
	pthread_t thread;

	shared = alloc_or_exit(__GFP_ZERO);
	page_fail_nth(5);
	api_child_expect(!pthread_create(&thread, NULL, use_own_task, own), "pthread_create failed");
	pthread_join(thread, NULL);
	page_free(shared);
}

static const struct child_kind {
	void (*fn)(void);
	bool starts_thread, needs_state_of_input;
} kinds[] = {
	{ fork_several_times, false, true },
	{ use_all_frames, true, true },
	{ use_small_stack, true, false },
	{ run_second_thread, true, false },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void run_kind(void *ctx)
{
	const struct child_kind *kind = ctx;

	api_child_start_new_task();
	kind->fn();
}

void api_run_child(const struct api_call *call)
{
	static unsigned int counts[KINDS];
	size_t i = call->numbers[0] % KINDS;

	if (!kinds[i].starts_thread || api_can_child_start_thread())
		api_maybe_check_child(&counts[i], run_kind, (void *)(uintptr_t)&kinds[i],
				      kinds[i].needs_state_of_input);
	for (struct api_slot *slot = api_slots; slot < api_slots + API_SLOTS; slot++)
		if (slot->page)
			api_touch_page(slot->page);
}

NO_COVERAGE_END
