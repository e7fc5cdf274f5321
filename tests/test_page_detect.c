/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What sanitizers report about the library's calls (R3, R4, R7), where no page program can show it. Each
 * check examines a child's report.
 */
#include "tests/page_test.h"

#include <stdatomic.h>

/* Functions of the sanitizers, if they are present. */
void __tsan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

static unsigned char zero_bytes[PAGE_SIZE];

/* ---- races ---- */

static atomic_bool is_first_action_done;
static void (*first_action)(void), (*second_action)(void);

/* Written by two threads, with a call of the library in between. */
static volatile int shared_variable;

/* Relaxed accesses do not order the threads. */
static void *run_second_action(void *arg)
{
	while (!atomic_load_explicit(&is_first_action_done, memory_order_relaxed))
		usleep(100);
	second_action();
	return arg;
}

static void run_actions(void)
{
	pthread_t second = start_thread(run_second_action, NULL);

	first_action();
	atomic_store_explicit(&is_first_action_done, true, memory_order_relaxed);
	pthread_join(second, NULL);
}

static void use_library(void)
{
	struct page *new = page_alloc(GFP_KERNEL);

	page_unmap_local(page_map_local(new));
	page_get(new);
	page_free(new);
	page_free(new);
	page_get(pages[0]);
	page_unmap_local(page_map_local(pages[0]));
	page_buffer_free(page_buffer_alloc(5000));
	page_task_delete(page_task_new("short"));
}

static void use_reference(void)
{
	page_get(pages[0]);
	page_free(pages[0]);
}

ACTION(write_variable_and_use, shared_variable = 1, use_library())
ACTION(use_and_write_variable, use_library(), shared_variable = 2)

/* Dropping a reference orders threads (R8). */
ACTION(write_variable_and_drop, shared_variable = 1, use_reference())
ACTION(drop_and_write_variable, use_reference(), shared_variable = 2)

/* What the sanitizer of the build reports about actions; a case without a second action has no thread. */
struct report_case {
	void (*first)(void), (*second)(void);
	bool is_reported;
	const char *name;
};

static const struct report_case race_cases[] = {
	{ write_variable_and_use, use_and_write_variable, true, "the library orders no threads" },
	{ use_library, use_library, false, "the library does not race with itself" },
	{ write_variable_and_drop, drop_and_write_variable, false,
	  "dropping references orders threads" },
};

/* ---- uninitialised bytes ---- */

static void branch_on_byte_value(const unsigned char *byte)
{
	if (*(const volatile unsigned char *)byte == 77)
		abort();
}

ACTION(use_fresh, branch_on_byte_value(page_map_local(page_alloc(GFP_KERNEL))))

/* Stores byte 5 of a new page through a mapping, and uses a byte through another mapping and a call. */
static void store_and_use_byte(size_t off)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *first = page_map_local(new), *second = page_map_local(new), byte;

	first[5] = 1;
	branch_on_byte_value(second + off);
	page_read_raw(new, &byte, off, 1);
	branch_on_byte_value(&byte);
}

ACTION(use_byte_stored_through_other_mapping, store_and_use_byte(5))
ACTION(use_byte_after_stored_byte, store_and_use_byte(6))

static void use_read_bytewise(void)
{
	unsigned char byte = 0;

	page_read_bytewise_atomic(page_alloc(GFP_KERNEL), &byte, 0, 1);
	branch_on_byte_value(&byte);
}

static void use_reused_frame(void)
{
	for (int i = 0; i < 200; i++) {
		struct page *new = page_alloc(GFP_KERNEL);

		page_fill_zero(new, 0, PAGE_SIZE);
		page_free(new);
	}
	use_fresh();
}

/* A child of fork() has its own copy of MemorySanitizer's state. */
static void use_after_child_wrote(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_write_raw(new, zero_bytes, 0, 8));
	waitpid(pid, NULL, 0);
	branch_on_byte_value(page_map_local(new));
}

static const struct report_case byte_cases[] = {
	{ use_fresh, NULL, true, "a byte of a new page" },
	{ use_byte_stored_through_other_mapping, NULL, false,
	  "a byte that was stored through another mapping" },
	{ use_byte_after_stored_byte, NULL, true, "the byte after a stored one" },
	{ use_read_bytewise, NULL, true, "a byte of a bytewise read" },
	{ use_after_child_wrote, NULL, true, "a byte that only a child of fork() wrote" },
	{ use_reused_frame, NULL, true, "a byte of a reused frame" },
};

static void test_cases(const struct report_case *cases, size_t case_count, const char *report)
{
	for (size_t i = 0; i < case_count; i++) {
		first_action = cases[i].first;
		second_action = cases[i].second;
		ok(!strstr(run_in_child(second_action ? run_actions : first_action)->output,
			   report) == !cases[i].is_reported,
		   "%s: %s", cases[i].name, cases[i].is_reported ? "reported" : "no report");
	}
}

static void test_races(void)
{
	if (__tsan_init)
		test_cases(race_cases, COUNT(race_cases), "data race");
}

static void test_uninitialised(void)
{
	if (__msan_init)
		test_cases(byte_cases, COUNT(byte_cases), "use-of-uninitialized-value");
}

UNIT_TEST_IN_MAP_MODES(test_page_detect, allocate_pages, test_races, test_uninitialised)
