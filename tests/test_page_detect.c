/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests which reports sanitizers make about code that calls the library (R3, R4, R7), in cases that no page
 * program can express. Each check runs code in a child process, and reads the child's report.
 */
#include "tests/page_test.h"

#include <stdatomic.h>

/* Functions of the runtimes of ThreadSanitizer and MemorySanitizer; NULL in builds without the sanitizer. */
void __tsan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

static unsigned char zero_bytes[PAGE_SIZE];

/* ---- races ---- */

static atomic_bool is_first_action_done;
static void (*first_action)(void), (*second_action)(void);

/* Two threads write `shared_variable`, and call the library between the two writes. */
static volatile int shared_variable;

/* Waits until the first action is done, by relaxed loads, because they do not order the two threads. */
static void *wait_and_run_second_action(void *arg)
{
	while (!atomic_load_explicit(&is_first_action_done, memory_order_relaxed))
		usleep(100);
	second_action();
	return arg;
}

static void run_actions_on_two_threads(void)
{
	pthread_t second = start_thread_or_abort(wait_and_run_second_action, NULL);

	first_action();
	atomic_store_explicit(&is_first_action_done, true, memory_order_relaxed);
	pthread_join(second, NULL);
}

static void call_library_functions(void)
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

static void get_and_drop_reference(void)
{
	page_get(pages[0]);
	page_free(pages[0]);
}

ACTION(write_variable_then_call_library, shared_variable = 1, call_library_functions())
ACTION(call_library_then_write_variable, call_library_functions(), shared_variable = 2)

/* By R8, a thread that drops a reference is ordered before each thread that drops one later. */
ACTION(write_variable_then_drop_reference, shared_variable = 1, get_and_drop_reference())
ACTION(drop_reference_then_write_variable, get_and_drop_reference(), shared_variable = 2)

ACTION(write_variable_after_count, page_ref_count(pages[0]), shared_variable = 2)

static unsigned char shared_bytes[64];

ACTION(read_to_shared_bytes, page_read_bytewise_atomic(pages[0], shared_bytes, 0, sizeof(shared_bytes)))
ACTION(write_shared_bytes_to_page,
       page_write_bytewise_atomic(pages[1], shared_bytes, 0, sizeof(shared_bytes)))

/* @second, unless NULL, runs after @first on another thread. */
struct report_case {
	void (*first)(void), (*second)(void);
	bool must_be_reported;
	const char *description;
};

static const struct report_case race_cases[] = {
	/* [P18] [P46] [P53] [P63] */
	{ write_variable_then_call_library, call_library_then_write_variable, true,
	  "the library orders no threads" },
	/* [P16] */
	{ call_library_functions, call_library_functions, false, "the library does not race with itself" },
	/* [P9] [P58] */
	{ write_variable_then_drop_reference, drop_reference_then_write_variable, false,
	  "dropping references orders threads" },
	/* [P63] */
	{ write_variable_then_drop_reference, write_variable_after_count, true,
	  "page_ref_count orders no threads" },
	/* [P142] */
	{ read_to_shared_bytes, read_to_shared_bytes, false, "two bytewise reads write one buffer" },
	/* [P148] [P11] */
	{ read_to_shared_bytes, write_shared_bytes_to_page, false,
	  "a bytewise write reads the buffer of a bytewise read" },
};

/* ---- uninitialised bytes ---- */

static void branch_on_byte_value(const unsigned char *byte)
{
	if (*(const volatile unsigned char *)byte == 77)
		abort();
}

ACTION(use_byte_of_new_page, branch_on_byte_value(page_map_local(page_alloc(GFP_KERNEL))))

/* Writes byte 5 of a new page by a mapping, and uses byte @used_off by another mapping and by a call. */
static void store_byte_5_and_use_byte(size_t used_off)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *first = page_map_local(new), *second = page_map_local(new), byte;

	first[5] = 1;
	branch_on_byte_value(second + used_off);
	page_read_raw(new, &byte, used_off, 1);
	branch_on_byte_value(&byte);
}

ACTION(use_byte_of_new_buffer,
       branch_on_byte_value((unsigned char *)page_buffer_alloc(2 * PAGE_SIZE) + PAGE_SIZE))
ACTION(use_byte_stored_through_other_mapping, store_byte_5_and_use_byte(5))
ACTION(use_byte_after_stored_byte, store_byte_5_and_use_byte(6))

static void use_byte_of_copy(void)
{
	struct page *copy = alloc_zeroed_page();

	page_copy(copy, 0, page_alloc(GFP_KERNEL), 0, PAGE_SIZE);
	branch_on_byte_value(page_map_local(copy));
}

static void copy_bytes_of_new_page(void)
{
	static unsigned char copied[PAGE_SIZE];

	page_read_raw(page_alloc(GFP_KERNEL), copied, 0, PAGE_SIZE);
}

static void use_byte_of_bytewise_read(void)
{
	unsigned char byte = 0;

	page_read_bytewise_atomic(page_alloc(GFP_KERNEL), &byte, 0, 1);
	branch_on_byte_value(&byte);
}

/* Uses a byte of user memory, here a new buffer, that user_slice_write() initialised. */
static void use_written_byte_of_user_memory(void)
{
	unsigned char *user = page_buffer_alloc(8);
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, 8));
	if (user_slice_write(&writer, zero_bytes, 8))
		abort();
	branch_on_byte_value(user);
}

static void use_byte_of_reused_frame(void)
{
	for (int i = 0; i < 200; i++) {
		struct page *new = page_alloc(GFP_KERNEL);

		page_fill_zero(new, 0, PAGE_SIZE);
		page_free(new);
	}
	use_byte_of_new_page();
}

/* Tests that a child of fork() has its own copy of the shadow memory of MemorySanitizer. */
static void use_byte_written_by_forked_child(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_write_raw(new, zero_bytes, 0, 8));
	waitpid(pid, NULL, 0);
	branch_on_byte_value(page_map_local(new));
}

/* Tests that a child of fork() has the shadow memory of its parent's mappings. */
static void store_through_mapping_in_forked_child(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *addr = page_map_local(new), byte;
	pid_t pid = fork();

	if (pid == 0) {
		addr[5] = 1;
		page_read_raw(new, &byte, 5, 1);
		branch_on_byte_value(&byte);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static const struct report_case byte_cases[] = {
	/* [P42] */
	{ use_byte_of_new_page, NULL, true, "a byte of a new page" },
	/* [P154] */
	{ use_byte_of_copy, NULL, true, "a byte of a copy of a new page" },
	/* [P131] */
	{ copy_bytes_of_new_page, NULL, false, "bytes of a new page that are only read" },
	/* [P199] */
	{ use_byte_of_new_buffer, NULL, true, "a byte of a new buffer" },
	{ use_byte_stored_through_other_mapping, NULL, false,
	  "a byte that was stored through another mapping" },
	{ use_byte_after_stored_byte, NULL, true, "the byte after a stored one" },
	/* [P131] */
	{ use_byte_of_bytewise_read, NULL, true, "a byte of a bytewise read" },
	/* [P75] */
	{ store_through_mapping_in_forked_child, NULL, false,
	  "a byte that a child of fork() stored through a mapping of its parent" },
	{ use_byte_written_by_forked_child, NULL, true, "a byte that only a child of fork() wrote" },
	{ use_byte_of_reused_frame, NULL, true, "a byte of a reused frame" },
	/* [P181] */
	{ use_written_byte_of_user_memory, NULL, false, "a byte that user_slice_write() wrote" },
};

/* The report says where the byte became uninitialised, because both addresses of the byte have one origin. */
static void test_origin_of_byte(void)
{
	ok(strstr(run_in_child(use_byte_of_new_page)->output, "Memory was marked as uninitialized"),
	   "a report of a byte of a new page names its allocation");
}

static void check_reports(const struct report_case *cases, size_t case_count, const char *report_text)
{
	for (size_t i = 0; i < case_count; i++) {
		first_action = cases[i].first;
		second_action = cases[i].second;
		ok(!strstr(run_in_child(second_action ? run_actions_on_two_threads : first_action)->output,
			   report_text) == !cases[i].must_be_reported,
		   "%s: %s", cases[i].description, cases[i].must_be_reported ? "reported" : "no report");
	}
}

static void test_sanitizer_reports(void)
{
	if (__tsan_init)
		check_reports(race_cases, COUNT(race_cases), "data race");
	if (__msan_init) {
		check_reports(byte_cases, COUNT(byte_cases), "use-of-uninitialized-value");
		test_origin_of_byte();
	}
}

UNIT_TEST_IN_MAP_MODES(test_page_detect, allocate_test_pages, test_sanitizer_reports)
