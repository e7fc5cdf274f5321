/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What sanitizers report about the library's calls: exactly what the contract says (R3, R4, R7).
 * Each check examines a child's report.
 */
#include "tests/page_test.h"

#include <pthread.h>
#include <stdatomic.h>

/* Functions of the sanitizers, if they are present. */
void __tsan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

static struct page *page, *other;
static unsigned char zeros[PAGE_SIZE];

/* A function that evaluates one expression. */
#define ACTION(name, ...)                                                                          \
	static void name(void)                                                                     \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}

/* ---- races ---- */

static atomic_int finished_turns;
static volatile int
	shared_variable; /* written by two threads, with a call of the library in between */

/* One of two actions that run one after the other. */
struct turn {
	int number;
	void (*act)(void);
};

/* Relaxed accesses do not order the threads. */
static void *run_turn(void *arg)
{
	const struct turn *turn = arg;

	while (atomic_load_explicit(&finished_turns, memory_order_relaxed) < turn->number)
		usleep(100);
	turn->act();
	atomic_store_explicit(&finished_turns, turn->number + 1, memory_order_relaxed);
	return NULL;
}

static struct turn turns[2] = { { .number = 0 }, { .number = 1 } };

static void run_turns(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run_turn, &turns[i]))
			abort();
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

ACTION(write_0_to_64, page_write_raw(page, zeros, 0, 64))
ACTION(write_63_to_127, page_write_raw(page, zeros, 63, 64))
ACTION(write_64_to_128, page_write_raw(page, zeros, 64, 64))
ACTION(zero_10, page_fill_zero(page, 10, 1))
ACTION(copy_60_to_68, page_copy(other, 0, page, 60, 8))
ACTION(read_0_to_64, page_read_raw(page, (char[64]){ 0 }, 0, 64))
ACTION(read_63_to_127, page_read_raw(page, (char[64]){ 0 }, 63, 64))
ACTION(read_bytewise_60_to_68, page_read_bytewise_atomic(page, (char[8]){ 0 }, 60, 8))

static void copy_user_60_to_68(void)
{
	static char user[8];
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	page_copy_from_user_slice(page, &reader, 60, 8);
}

static void use_library(void)
{
	struct page *new = page_alloc(GFP_KERNEL);

	page_unmap_local(page_map_local(new));
	page_get(new);
	page_free(new);
	page_free(new);
	page_get(page);
	page_unmap_local(page_map_local(page));
	page_buffer_free(page_buffer_alloc(5000));
	page_task_delete(page_task_new("short"));
}

static void use_reference(void)
{
	page_get(page);
	page_free(page);
}

ACTION(write_variable_and_use, shared_variable = 1, use_library())
ACTION(use_and_write_variable, use_library(), shared_variable = 2)

/* Dropping a reference orders threads (R8). */
ACTION(write_variable_and_drop, shared_variable = 1, use_reference())
ACTION(drop_and_write_variable, use_reference(), shared_variable = 2)

static const struct {
	void (*first)(void), (*second)(void);
	bool races;
	const char *name;
} pairs[] = {
	{ write_0_to_64, write_63_to_127, true, "writes that overlap by a byte race" },
	{ write_0_to_64, write_64_to_128, false, "writes of adjacent bytes do not race" },
	{ write_0_to_64, zero_10, true, "page_fill_zero is a write" },
	{ write_0_to_64, copy_60_to_68, true, "page_copy reads its source" },
	{ write_0_to_64, read_bytewise_60_to_68, true, "a bytewise read is plain on the page" },
	{ write_0_to_64, copy_user_60_to_68, true, "a copy from user memory writes the page" },
	{ read_0_to_64, read_63_to_127, false, "reads do not race" },
	{ write_variable_and_use, use_and_write_variable, true, "the library orders no threads" },
	{ use_library, use_library, false, "the library does not race with itself" },
	{ write_variable_and_drop, drop_and_write_variable, false,
	  "dropping references orders threads" },
};

static void test_races(void)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		turns[0].act = pairs[i].first;
		turns[1].act = pairs[i].second;
		ok(!strstr(run_in_child(run_turns)->stderr_text, "data race") == !pairs[i].races,
		   "%s", pairs[i].name);
	}
}

/* ---- uninitialised bytes ---- */

static void branch_on(const unsigned char *byte)
{
	if (*(const volatile unsigned char *)byte == 77)
		abort();
}

ACTION(use_fresh, branch_on(page_map_local(page_alloc(GFP_KERNEL))))
ACTION(use_zeroed, branch_on(page_map_local(new_zeroed_page())))

static void use_byte_stored_through_other_mapping(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *first = page_map_local(new), *second = page_map_local(new), byte;

	first[5] = 1;
	branch_on(second + 5);
	page_read_raw(new, &byte, 5, 1);
	branch_on(&byte);
}

static void use_byte_after_stored_byte(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *first = page_map_local(new), *second = page_map_local(new);

	first[5] = 1;
	branch_on(second + 6);
}

static void use_written(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char *addr = page_map_local(new);

	page_write_raw(new, zeros, 8, 8);
	branch_on(addr + 8);
}

static void use_copied(void)
{
	struct page *new = page_alloc(GFP_KERNEL);

	page_write_raw(new, zeros, 8, 8);
	page_copy(page, 0, new, 7, 2);
	branch_on(page_map_local(page));
}

static void copy_only(void)
{
	struct page *new = page_alloc(GFP_KERNEL);
	unsigned char bytes[16];

	page_read_raw(new, bytes, 0, 16);
	page_read_bytewise_atomic(new, bytes, 0, 16);
	page_write_raw(page, bytes, 0, 16);
}

static void use_read_bytewise(void)
{
	unsigned char byte = 0;

	page_read_bytewise_atomic(page_alloc(GFP_KERNEL), &byte, 0, 1);
	branch_on(&byte);
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
		_exit(page_write_raw(new, zeros, 0, 8));
	waitpid(pid, NULL, 0);
	branch_on(page_map_local(new));
}

static const struct {
	void (*use)(void);
	bool is_reported;
	const char *name;
} uses[] = {
	{ use_fresh, true, "a byte of a new page" },
	{ use_zeroed, false, "a byte of a zeroed page" },
	{ use_byte_stored_through_other_mapping, false,
	  "a byte that was stored through another mapping" },
	{ use_byte_after_stored_byte, true, "the byte after a stored one" },
	{ use_written, false, "a byte that a raw call wrote while it was mapped" },
	{ use_copied, true, "a byte that was copied from an uninitialised one" },
	{ copy_only, false, "copies of uninitialised bytes" },
	{ use_read_bytewise, true, "a byte of a bytewise read" },
	{ use_after_child_wrote, true, "a byte that only a child of fork() wrote" },
	{ use_reused_frame, true, "a byte of a reused frame" },
};

static void test_uninitialised(void)
{
	for (size_t i = 0; i < COUNT(uses); i++)
		ok(!strstr(run_in_child(uses[i].use)->stderr_text, "use-of-uninitialized-value") ==
			   !uses[i].is_reported,
		   "%s: %s", uses[i].name, uses[i].is_reported ? "reported" : "no report");
}

static void check_reports(void)
{
	page = new_zeroed_page();
	other = new_zeroed_page();
	if (__tsan_init)
		test_races();
	if (__msan_init)
		test_uninitialised();
	page_free(page);
	page_free(other);
}

UNIT_TEST(test_page_detect)
{
	run_in_map_modes(check_reports);
}
