/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests which task a call uses, if the current task, the thread's own task, the argument and the task of the
 * hook are different ones, and what remains of a task when its thread ends.
 */
#include "tests/page_test.h"

static struct page_task *alpha, *beta;
static struct page *page;
static unsigned char *of_alpha, *of_beta; /* mappings */

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

/* Ends the process if the address is not valid. */
static void load_byte(const volatile unsigned char *addr)
{
	(void)*addr;
}

/* Alpha and beta have one mapping each, and both remain valid; beta is the current task. */
static void map_in_both_tasks(void)
{
	page = alloc_zeroed_page();
	alpha = page_task_new("alpha");
	beta = page_task_new("beta");
	page_task_switch_in(alpha);
	of_alpha = page_map_local(page);
	page_task_switch_in(beta);
	of_beta = page_map_local(page);
}

/* ---- which task is current ---- */

static void delete_other_task(void)
{
	map_in_both_tasks();
	page_task_delete(alpha);
	abort_unless(page_task_current() == beta);
	page_unmap_local(of_beta);
}

static bool is_own_task(const struct page_task *task)
{
	return task != alpha && task != beta && !strncmp(page_task_name(task), "thread ", 7);
}

static void *switch_to_own_task(void *unused)
{
	page_task_switch_in(alpha);
	page_task_switch_in(NULL);
	abort_unless(is_own_task(page_task_current()));
	return unused;
}

static void switch_to_own_task_in_new_thread(void)
{
	alpha = page_task_new("alpha");
	run_thread_and_wait(switch_to_own_task, NULL);
}

static void *read_with_all_mappings(void *unused)
{
	unsigned char byte;

	page_task_switch_in(alpha);
	for (unsigned int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(page);
	page_read_raw(page, &byte, 0, 1);
	return unused;
}

/* The new thread has no task of its own. */
static void read_with_all_mappings_in_new_thread(void)
{
	page = alloc_zeroed_page();
	alpha = page_task_new("alpha");
	run_thread_and_wait(read_with_all_mappings, NULL);
}

/* ---- whose mappings are switched ---- */

static void switch_out_other_task(void)
{
	map_in_both_tasks();
	page_task_switch_out(alpha);
	load_byte(of_beta);
}

static struct page_task *return_alpha(void)
{
	return alpha;
}

static void switch_in_beside_hook(void)
{
	map_in_both_tasks();
	page_task_switch_out(beta);
	page_task_hook_set(return_alpha);
	page_task_switch_in(beta);
	load_byte(of_beta);
	load_byte(of_alpha);
}

/* ---- the end of a thread ---- */

static void *map_in_own_task_and_beta(void *unused)
{
	page_map_local(page);
	page_task_switch_in(beta);
	of_beta = page_map_local(page);
	return unused;
}

static void end_thread_with_other_task(void)
{
	page = alloc_zeroed_page();
	beta = page_task_new("beta");
	run_thread_and_wait(map_in_own_task_and_beta, NULL);
	abort_unless(page_task_depth(beta) == 1);
	page_task_switch_in(beta);
	load_byte(of_beta);
	page_unmap_local(of_beta);
}

static unsigned char *mapped_at_end;

/* Runs after the library has removed the thread's own task, which then is a new one. */
static void map_at_end_of_thread(void *unused)
{
	(void)unused;
	abort_unless(is_own_task(page_task_current()) && !page_task_depth(page_task_current()));
	mapped_at_end = page_map_local(page);
}

static void *map_and_end(void *key)
{
	map_in_own_task_and_beta(NULL);
	abort_unless(!pthread_setspecific(*(pthread_key_t *)key, key));
	return NULL;
}

/* Destructors run in the order in which their keys were created: that of the library runs first. */
static void map_in_destructor(void)
{
	pthread_key_t key;

	page = alloc_zeroed_page();
	beta = page_task_new("beta");
	page_task_current();
	abort_unless(!pthread_key_create(&key, map_at_end_of_thread));
	run_thread_and_wait(map_and_end, &key);
	abort_unless(mapped_at_end);
}

static void load_after_destructor(void)
{
	map_in_destructor();
	load_byte(mapped_at_end);
}

/* ---- values ---- */

static void keep_percent_in_name(void)
{
	abort_unless(!strcmp(page_task_name(page_task_new("100%s%%")), "100%s%%"));
}

static void fail_after_many_calls(void)
{
	page_fail_nth(0x10001);
	abort_unless(alloc_zeroed_page());
	abort_unless(page_fail_nth(0) == 0x10000);
}

static const struct child_case cases[] = {
	/* [P238] */
	{ delete_other_task, RETURNS, "the deletion of another task keeps the current task" },
	/* [P249] */
	{ switch_to_own_task_in_new_thread, RETURNS, "a thread switches from a task to its own new task" },
	{ read_with_all_mappings_in_new_thread, "map-overflow",
	  "the mappings of the current task count in a thread without an own task" },
	/* [P246] */
	{ switch_out_other_task, RETURNS, "a switch out of another task keeps the current task's mappings" },
	/* [P251] */
	{ switch_in_beside_hook, RETURNS, "a task is switched in while the hook returns another task" },
	/* [P233] */
	{ end_thread_with_other_task, RETURNS, "the end of a thread keeps the mappings of the current task" },
	{ map_in_destructor, RETURNS, "a thread that ends can use the library after its task was removed" },
	{ keep_percent_in_name, RETURNS, "the name of a task is no format" },
	/* [P259] */
	{ fail_after_many_calls, RETURNS, "a failure after 65537 calls" },
};

static const struct child_case revoking_cases[] = {
	/* [P233] */
	{ load_after_destructor, ENDS_ABNORMALLY, "a mapping of a destructor ends with its thread" },
};

static void test_tasks(void)
{
	CHECK_CHILDREN(cases);
	if (mode_revokes_addresses())
		CHECK_CHILDREN(revoking_cases);
}

UNIT_TEST_IN_MAP_MODES(test_page_task, allocate_test_pages, test_tasks)
