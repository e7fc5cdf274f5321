/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests mappings: addresses, tasks, threads, fork(). test_page_misuse.c tests calls that break a rule. */
#include "tests/page_test.h"

#include <malloc.h>

static struct page_task *tasks[2];

static void test_16_mappings(void)
{
	unsigned char *maps[PAGE_TASK_MAPPINGS], *again;
	bool same_bytes = true;

	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++) {
		maps[i] = page_map_local(pages[i % 4]);
		maps[i][i] = (unsigned char)i;
		maps[i][PAGE_SIZE - 1] = 99;
	}
	/* [P6] [P27] [P90] [P94] */
	ok(page_task_depth(page_task_current()) == PAGE_TASK_MAPPINGS, "a task has 16 mappings");
	for (int i = PAGE_TASK_MAPPINGS; i-- > 0;) {
		same_bytes &= maps[i % 4][i] == i && maps[i % 4][PAGE_SIZE - 1] == 99;
		page_unmap_local(maps[i] + i * 200);
	}
	/* [P4] [P5] */
	ok(same_bytes, "all mappings of a page show the same bytes");
	again = page_map_local(pages[0]);
	/* [P104] [P106] */
	ok(page_canonical(again + 5) == (unsigned char *)page_canonical(again) + 5,
	   "each byte has a canonical address");
	/* [P68] [P70] [P107] */
	ok((again == page_canonical(again)) == backend_is("direct"),
	   "only the direct backend maps a page at its canonical address");
	page_unmap_local(again + PAGE_SIZE - 1);
	/* [P96] [P95] */
	ok(page_task_depth(page_task_current()) == 0, "the last byte's address ends a mapping too");
	/* [P108] */
	ok(!page_canonical(&same_bytes), "an address outside of all pages has no canonical address");
}

static void test_two_mappings(void)
{
	unsigned char *first = page_map_local(pages[0]), *second = page_map_local(pages[0]);
	unsigned char byte = 0;

	/* [P70] [P90] */
	ok((first != second) == backend_is("alias"), "two mappings of a page have %s",
	   first == second ? "one address" : "two addresses");
	/* [P104] */
	ok(page_canonical(first) == page_canonical(second), "two mappings have one canonical address");
	first[7] = 0x77;
	page_read_raw(pages[0], &byte, 7, 1);
	/* [P4] [P105] */
	ok(second[7] == 0x77 && byte == 0x77, "a mapping and a raw call see a store through another mapping");
	page_fill_zero(pages[0], 7, 1);
	ok(!first[7] && !second[7], "both mappings see the write of a raw call");
	page_unmap_local(second);
	page_unmap_local(first);
}

/* Tests that the alias backend reuses an address late, so that uses after unmap are detected. */
static void test_new_addresses(void)
{
	unsigned char *used_addresses[12];
	bool all_new = true;

	for (size_t i = 0; i < COUNT(used_addresses); i++) {
		used_addresses[i] = page_map_local(pages[0]);
		for (size_t j = 0; j < i; j++)
			all_new &= used_addresses[i] != used_addresses[j];
		page_unmap_local(used_addresses[i]);
	}
	/* [P82] */
	ok(all_new == backend_is("alias"), "the next mapping has %s address", all_new ? "a new" : "the same");
}

/* ---- tasks ---- */

static void test_task_switch(void)
{
	struct page_task *own = page_task_current();
	unsigned char *a, *b, *kept = page_map_local(pages[2]);

	page_task_switch_out(NULL);
	page_task_switch_in(tasks[0]);
	/* [P238] [P250] */
	ok(page_task_current() == tasks[0], "a task that is switched in is the current one");
	a = page_map_local(pages[0]);
	a[0] = 1;
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	b = page_map_local(pages[0]);
	b[0]++;
	page_task_switch_out(tasks[1]);
	page_task_switch_in(tasks[0]);
	/* [P251] [P247] */
	ok(a[0] == 2, "a task that is switched in again has its mappings");
	page_unmap_local(a);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	page_unmap_local(b);
	page_task_switch_out(tasks[1]);
	page_task_switch_in(NULL);
	/* [P249] */
	ok(page_task_current() == own, "NULL switches to the thread's own task");
	page_task_switch_in(tasks[0]);
	page_task_switch_in(NULL);
	ok(page_task_current() == own, "NULL switches to the thread's own task from another task");
	kept[1] = 1;
	page_unmap_local(kept);
}

static struct page_task *task_of_hook;

static struct page_task *return_task_of_hook(void)
{
	return task_of_hook;
}

static unsigned char *map_beside_hook;

ACTION(store_beside_hook, map_beside_hook[3] = 3)

/* The process and a child of fork() have the mappings of a task that is switched in. */
static void test_switch_beside_hook(void)
{
	struct page_task *task = page_task_new("beside");

	task_of_hook = task;
	map_beside_hook = page_map_local(pages[1]);
	page_task_switch_out(task);
	task_of_hook = tasks[1];
	page_task_switch_in(task);
	store_beside_hook();
	/* [P251] [P75] */
	ok(!run_in_child(store_beside_hook)->exit_code && page_task_depth(task) == 1,
	   "a task that the hook does not return can be switched out and in");
	page_task_switch_out(task);
	page_task_switch_in(NULL);
	page_task_delete(task);
	task_of_hook = tasks[0];
}

static void test_task_hook(void)
{
	struct page_task *own = page_task_current();
	void *addr;

	page_task_hook_set(return_task_of_hook);
	task_of_hook = tasks[0];
	/* [P237] */
	ok(page_task_current() == tasks[0], "a hook chooses the current task");
	addr = page_map_local(pages[0]);
	/* [P236] [P242] */
	ok(page_task_depth(tasks[0]) == 1 && !page_task_depth(own),
	   "a mapping belongs to the task of the hook");
	page_unmap_local(addr);
	test_switch_beside_hook();
	task_of_hook = NULL;
	/* [P241] */
	ok(page_task_current() == own, "a hook that returns NULL chooses nothing");
	task_of_hook = tasks[0];
	page_task_hook_set(NULL);
	/* [P243] */
	ok(page_task_current() == own, "without a hook its task is not current");
	task_of_hook = NULL;
}

static void *write_without_task(void *is_good)
{
	*(bool *)is_good = !page_write_raw(pages[0], "x", 0, 1);
	return NULL;
}

static void *switch_out_own_task_and_check_name(void *is_good)
{
	page_task_switch_out(NULL);
	*(bool *)is_good = strstr(page_task_name(page_task_current()), "thread ");
	return NULL;
}

static void *map_pages_and_end_thread(void *is_good)
{
	for (int i = 0; i < 3; i++)
		page_map_local(pages[i]);
	return switch_out_own_task_and_check_name(is_good);
}

static bool succeeds_in_thread(void *(*run)(void *is_good))
{
	bool good = false;

	run_thread_and_wait(run, &good);
	return good;
}

static pthread_key_t late_key;
static unsigned int late_call_count;
static bool late_call_succeeds;

/*
 * A destructor of a thread's key. The first call lets the C library call the destructor again. The second
 * call follows the library's own destructor, which removed the thread's own task, so it needs a new own task.
 */
static void map_after_end_of_own_task(void *not_null)
{
	struct page_task *other;
	unsigned char *addr;

	if (!late_call_count++) {
		pthread_setspecific(late_key, not_null);
		return;
	}
	addr = page_map_local(pages[0]);
	other = page_task_new("other");
	page_task_switch_in(other);
	page_unmap_local(page_map_local(pages[1]));
	page_task_switch_in(NULL);
	page_task_delete(other);
	addr[3] = 77;
	late_call_succeeds = addr[3] == 77;
	page_unmap_local(addr);
}

static void *map_and_set_late_key(void *is_good)
{
	page_unmap_local(page_map_local(pages[0]));
	pthread_setspecific(late_key, is_good);
	return is_good;
}

static void test_calls_of_late_destructor(void)
{
	pthread_key_create(&late_key, map_after_end_of_own_task);
	succeeds_in_thread(map_and_set_late_key);
	pthread_key_delete(late_key);
	/* [P16] */
	ok(late_call_succeeds && late_call_count == 2,
	   "the destructor of a key maps a page after the end of the thread's own task");
}

static void test_tasks_of_threads(void)
{
	bool all_succeed = true;

	page_task_hook_set(return_task_of_hook);
	task_of_hook = NULL;
	/* [P16] [P240] */
	ok(succeeds_in_thread(write_without_task), "a thread without a task makes a raw call");
	page_task_hook_set(NULL);
	/* [P239] [P245] */
	ok(succeeds_in_thread(switch_out_own_task_and_check_name),
	   "a thread switches its own task out first");
	for (int i = 0; i < 20; i++)
		all_succeed &= succeeds_in_thread(map_pages_and_end_thread);
	/* [P233] */
	ok(all_succeed, "threads may end with mappings");
	page_unmap_local(page_map_local(pages[0]));
}

/* The bytes that malloc() has given out, and that were not freed. A sanitizer has a malloc() of its own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t count_allocated_bytes(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes() :
							 mallinfo2().uordblks;
}

/* More than malloc() keeps for later calls, less than DELETED_TASKS tasks have. */
#define DELETED_TASKS  1000
#define KEPT_BY_MALLOC (DELETED_TASKS * 50)

static void test_memory_of_deleted_tasks(void)
{
	struct page_task *oldest = page_task_new("oldest"), *middle = page_task_new("middle");
	size_t bytes_before;

	page_task_delete(middle);
	/* The search for the oldest task in the list passes over newer tasks. */
	page_task_delete(oldest);
	bytes_before = count_allocated_bytes();
	for (int i = 0; i < DELETED_TASKS; i++)
		page_task_delete(page_task_new("deleted"));
	/* [P230] */
	ok(count_allocated_bytes() < bytes_before + KEPT_BY_MALLOC, "deleted tasks leave no memory");
}

static void test_task_delete(void)
{
	struct page_task *task = page_task_new("a name that is longer than a name may be");
	struct page_task *own = page_task_current();

	/* [P30] [P228] */
	ok(strlen(page_task_name(task)) == PAGE_TASK_NAME - 1, "a long name is cut");
	page_task_switch_in(task);
	page_map_local(pages[0]);
	page_map_local(pages[1]);
	page_task_switch_out(task);
	/* [P230] [P234] */
	ok(page_task_delete(task) == 2, "page_task_delete counts two mappings");
	/* [P231] */
	ok(page_task_delete(NULL) == 0, "page_task_delete(NULL) does nothing");
	task = page_task_new("runs");
	page_task_switch_in(task);
	/* [P238] */
	ok(page_task_delete(task) == 0 && page_task_current() == own,
	   "after the current task is deleted, the thread's own task is current");
}

/* ---- fork ---- */

static unsigned char *map_of_page, *map_of_other_task, *map_of_freed_page;

static void use_mappings_in_child(void)
{
	if (map_of_page[0] != 1)
		abort();
	map_of_page[0] = 2;
	page_write_raw(pages[1], "child", 0, 5);
	if (map_of_page[0] != 2 || map_of_page[1] != 9)
		abort();
	page_task_switch_in(tasks[0]);
	if (map_of_other_task[1] != 9)
		abort();
}

ACTION(child_loads_through_hidden_mapping, (void)*(volatile unsigned char *)map_of_other_task)
ACTION(child_loads_from_freed_page, (void)*(volatile unsigned char *)map_of_freed_page)

static const struct child_case fork_cases[] = {
	{ use_mappings_in_child, RETURNS, "a child of fork() has the mappings of its parent" },
	{ child_loads_through_hidden_mapping, ENDS_ABNORMALLY,
	  "a child cannot load through a hidden mapping" },
	{ child_loads_from_freed_page, ENDS_ABNORMALLY, "a child cannot load from a freed page" },
};

static void test_fork(void)
{
	struct page *freed = page_alloc(GFP_KERNEL);
	unsigned char bytes[5];

	page_write_raw(pages[1], "adult", 0, 5);
	page_task_switch_in(tasks[0]);
	map_of_other_task = page_map_local(pages[0]);
	page_task_switch_out(tasks[0]);
	page_task_switch_in(NULL);
	map_of_freed_page = page_map_local(freed);
	map_of_page = page_map_local(pages[0]);
	map_of_page[0] = 1;
	map_of_page[1] = 9;
	page_free(freed);
	check_children(fork_cases, mode_revokes_addresses() ? COUNT(fork_cases) : 1);
	page_read_raw(pages[1], bytes, 0, 5);
	/* [P75] */
	ok(map_of_page[0] == 1 && !memcmp(bytes, "adult", 5), "a child writes to pages of its own");
	page_unmap_local(map_of_page);
	page_unmap_local(map_of_freed_page);
	page_task_switch_in(tasks[0]);
	page_unmap_local(map_of_other_task);
	page_task_switch_in(NULL);
}

static void test_choice_of_backend(void)
{
	/* [P76] [P77] */
	ok(page_map_backend_set("sideways") == -EINVAL, "an unknown backend is EINVAL");
	/* [P86] [P87] */
	ok(page_map_revoke_set("politely") == -EINVAL, "an unknown revocation is EINVAL");
	allocate_test_pages();
	/* [P78] */
	ok(page_map_backend_set("direct") == -EBUSY, "after the first page the choice of a backend is EBUSY");
	/* [P88] */
	ok(page_map_revoke_set("none") == -EBUSY, "after the first page the choice of a revocation is EBUSY");
}

ACTION(create_tasks, tasks[0] = page_task_new("alpha"), tasks[1] = page_task_new("beta"))
ACTION(delete_tasks, page_task_delete(tasks[0]), page_task_delete(tasks[1]))

UNIT_TEST_IN_MAP_MODES(test_page_map, test_choice_of_backend, create_tasks, test_16_mappings,
		       test_two_mappings, test_new_addresses, test_task_switch, test_task_hook,
		       test_tasks_of_threads, test_calls_of_late_destructor, test_task_delete,
		       test_memory_of_deleted_tasks, test_fork, delete_tasks)
