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
#define TSAN (__tsan_init != NULL)
#define MSAN (__msan_init != NULL)

static struct page *page, *other;
static atomic_int step;
static volatile int bystander; /* written by two threads, with a call of the library in between */
static unsigned char zeros[PAGE_SIZE];

/* Waits without ordering the threads: relaxed. */
static void wait_for(int n)
{
	while (atomic_load_explicit(&step, memory_order_relaxed) < n)
		usleep(100);
}

static void reach(int n)
{
	atomic_store_explicit(&step, n, memory_order_relaxed);
}

static void two(void *(*first)(void *), void *(*second)(void *))
{
	pthread_t threads[2];

	reach(0);
	if (pthread_create(&threads[0], NULL, first, NULL) ||
	    pthread_create(&threads[1], NULL, second, NULL))
		abort();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

#define THREAD(name, turn, ...)                  \
	static void *name(void *arg)             \
	{                                        \
		wait_for(turn);                  \
		__VA_ARGS__;                     \
		reach((turn) + 1);               \
		return arg;                      \
	}

THREAD(write_low, 0, page_write_raw(page, zeros, 0, 64))
THREAD(write_across, 1, page_write_raw(page, zeros, 63, 64))
THREAD(write_next, 1, page_write_raw(page, zeros, 64, 64))
THREAD(zero_across, 1, page_fill_zero(page, 10, 1))
THREAD(copy_across, 1, page_copy(other, 0, page, 60, 8))
THREAD(bytewise_across, 1, page_read_bytewise_atomic(page, (char[8]){ 0 }, 60, 8))
THREAD(read_low, 0, page_read_raw(page, (char[64]){ 0 }, 0, 64))
THREAD(read_across, 1, page_read_raw(page, (char[64]){ 0 }, 63, 64))

static void user_across_now(void)
{
	static char user[8];
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	page_copy_from_user_slice(page, &reader, 60, 8);
}

THREAD(user_across, 1, user_across_now())

/* The library's work for one thread must not order it with another. */
static void uses(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	void *addr = page_map_local(mine);

	page_unmap_local(addr);
	page_get(mine);
	page_free(mine);
	page_free(mine);
	page_get(page);
	addr = page_map_local(page);
	page_unmap_local(addr);
	page_buffer_free(page_buffer_alloc(5000));
	page_task_delete(page_task_new("short"));
}

THREAD(use_after_bystander, 0, bystander = 1, uses())
THREAD(use_before_bystander, 1, uses(), bystander = 2)
THREAD(use_one, 0, uses())
THREAD(use_two, 1, uses())

/* Dropping a reference orders threads (R8). */
THREAD(drop_after_bystander, 0, bystander = 1, page_free(page))
THREAD(drop_before_bystander, 1, page_free(page), bystander = 2)

#define PAIR(name, first, second)     \
	static void name(void)        \
	{                             \
		two(first, second);   \
	}

PAIR(overlap, write_low, write_across)
PAIR(adjacent, write_low, write_next)
PAIR(zero_overlap, write_low, zero_across)
PAIR(copy_overlap, write_low, copy_across)
PAIR(bytewise_overlap, write_low, bytewise_across)
PAIR(user_overlap, write_low, user_across)
PAIR(both_read, read_low, read_across)
PAIR(no_order, use_after_bystander, use_before_bystander)
PAIR(no_race, use_one, use_two)

static void drops_order(void)
{
	page_get(page);
	two(drop_after_bystander, drop_before_bystander);
}

static bool races(void (*fn)(void))
{
	return strstr(in_child(fn).stderr_text, "data race");
}

static void test_races(void)
{
	ok(races(overlap), "%s: writes that overlap by a byte", mode_name);
	ok(!races(adjacent), "%s: writes of adjacent bytes", mode_name);
	ok(races(zero_overlap), "%s: page_fill_zero", mode_name);
	ok(races(copy_overlap), "%s: page_copy reads its source", mode_name);
	ok(races(bytewise_overlap), "%s: bytewise is plain on the page", mode_name);
	ok(races(user_overlap), "%s: a user copy writes the page", mode_name);
	ok(!races(both_read), "%s: reads", mode_name);
	ok(races(no_order), "%s: the library orders no threads", mode_name);
	ok(!races(no_race), "%s: nor does it race itself", mode_name);
	ok(!races(drops_order), "%s: but dropping references orders", mode_name);
}

/* ---- initialised or not ---- */

static void branch_on(const unsigned char *byte)
{
	if (*(const volatile unsigned char *)byte == 77)
		abort();
}

static void use_fresh(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);

	branch_on(page_map_local(mine));
}

static void use_zeroed(void)
{
	struct page *mine = page_alloc(GFP_KERNEL | __GFP_ZERO);

	branch_on(page_map_local(mine));
}

static void use_alias_of_stored(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	unsigned char *a = page_map_local(mine), *b = page_map_local(mine), got;

	a[5] = 1;
	branch_on(b + 5);
	page_read_raw(mine, &got, 5, 1);
	branch_on(&got);
}

static void use_beside_stored(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	unsigned char *a = page_map_local(mine), *b = page_map_local(mine);

	a[5] = 1;
	branch_on(b + 6);
}

static void use_written(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	unsigned char *a = page_map_local(mine);

	page_write_raw(mine, zeros, 8, 8);
	branch_on(a + 8);
}

static void use_copied(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);

	page_write_raw(mine, zeros, 8, 8);
	page_copy(page, 0, mine, 7, 2);
	branch_on((unsigned char *)page_map_local(page));
}

static void only_copied(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	unsigned char bytes[16];

	page_read_raw(mine, bytes, 0, 16);
	page_read_bytewise_atomic(mine, bytes, 0, 16);
	page_write_raw(page, bytes, 0, 16);
}

static void use_bytewise(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	unsigned char byte = 0;

	page_read_bytewise_atomic(mine, &byte, 0, 1);
	branch_on(&byte);
}

static void use_reused_frame(void)
{
	struct page *mine = NULL;

	for (int i = 0; i < 200; i++) {
		page_free(mine);
		mine = page_alloc(GFP_KERNEL);
		page_fill_zero(mine, 0, PAGE_SIZE);
	}
	page_free(mine);
	use_fresh();
}

/* A child of fork() has its own copy of MemorySanitizer's state. */
static void use_after_child_wrote(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_write_raw(mine, zeros, 0, 8));
	waitpid(pid, NULL, 0);
	branch_on(page_map_local(mine));
}

static bool uninit(void (*fn)(void))
{
	return strstr(in_child(fn).stderr_text, "use-of-uninitialized-value");
}

static void test_uninit(void)
{
	ok(uninit(use_fresh), "%s: fresh memory", mode_name);
	ok(!uninit(use_zeroed), "%s: zeroed memory", mode_name);
	ok(!uninit(use_alias_of_stored), "%s: stored through another mapping", mode_name);
	ok(uninit(use_beside_stored), "%s: the byte beside it", mode_name);
	ok(!uninit(use_written), "%s: written by a raw call while mapped", mode_name);
	ok(uninit(use_copied), "%s: copied from uninitialised", mode_name);
	ok(!uninit(only_copied), "%s: only copied", mode_name);
	ok(uninit(use_bytewise), "%s: through a bytewise read", mode_name);
	ok(uninit(use_after_child_wrote), "%s: written by a child only", mode_name);
	ok(uninit(use_reused_frame), "%s: a frame's second life", mode_name);
}

static void checks(void)
{
	page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_ZERO);
	if (TSAN)
		test_races();
	if (MSAN)
		test_uninit();
	if (!TSAN && !MSAN)
		ok(true, "%s: # SKIP neither ThreadSanitizer nor MemorySanitizer", mode_name);
	page_free(page);
	page_free(other);
}

UNIT_TEST(test_page_detect)
{
	run_in_map_modes(checks);
}
