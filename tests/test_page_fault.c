/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Injected failures: the numbered guarantees of src/page/fault.c. */
#include "tests/page_test.h"

#include <errno.h>
#include <pthread.h>

static bool alloc_fails(gfp_t gfp)
{
	struct page *page = page_alloc(gfp);
	bool fails = !page && errno == ENOMEM;

	page_free(page);
	return fails;
}

/* Bit i: did allocation i fail? */
static uint64_t failures(unsigned int count)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < count; i++)
		seen |= (uint64_t)alloc_fails(GFP_KERNEL) << i;
	return seen;
}

static const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT;

static struct page_fault_attr set(struct page_fault_attr attr)
{
	page_fault_attr_set(PAGE_FAULT_ALLOC, &attr);
	return attr;
}

static int times_left(void)
{
	struct page_fault_attr attr;

	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	return attr.times;
}

static void test_nth(void)
{
	ok(failures(8) == 0, "off at first");
	page_fail_nth(3);
	ok(failures(8) == 1 << 2, "guarantee 2: the third, once");
	ok(page_fail_nth(0) == 0, "it is used up");
	page_fail_nth(5);
	failures(2);
	ok(page_fail_nth(0) == 3 && failures(8) == 0, "cleared, with what was left");
	page_fail_nth(2);
	ok(!alloc_fails(GFP_KERNEL | __GFP_NOFAIL) && !alloc_fails(GFP_KERNEL | __GFP_NOFAIL) &&
		   failures(2) == 2,
	   "guarantee 1: __GFP_NOFAIL is no point");
}

static void test_nth_first(void)
{
	set((struct page_fault_attr){ .probability = 100, .interval = 2, .times = 5 });
	page_fail_nth(3);
	ok(failures(3) == 4 && times_left() == 4,
	   "guarantees 2 and 4: fail_nth alone, and it uses a time");
	ok(failures(4) == 0xa, "guarantee 2: the interval has not moved on");
	set(off);
}

static void test_attr(void)
{
	set((struct page_fault_attr){ .probability = 100, .times = -1 });
	ok(failures(8) == 0xff, "always");
	set((struct page_fault_attr){ .probability = 100, .times = 3 });
	ok(failures(8) == 0x07 && times_left() == 0, "guarantee 4: three times");
	set((struct page_fault_attr){ .probability = 100, .times = -1, .interval = 3 });
	ok(failures(9) == 0x124, "every third");
	set((struct page_fault_attr){ .probability = 100, .times = -1, .space = 4 });
	ok(failures(8) == 0xf8, "after a space of four: three pass, the fourth does not fit");
	set((struct page_fault_attr){ .probability = 0, .times = -1 });
	ok(failures(8) == 0, "probability 0");
	set((struct page_fault_attr){ .probability = 100, .times = 0 });
	ok(failures(8) == 0, "no times");
	set((struct page_fault_attr){ .probability = 100, .times = -1, .min_order = 1 });
	ok(failures(8) == 0, "guarantee 1: min_order");
	set((struct page_fault_attr){ .probability = 100, .times = -1, .ignore_gfp = GFP_ATOMIC });
	ok(!alloc_fails(GFP_ATOMIC) && alloc_fails(GFP_KERNEL), "guarantee 1: ignore_gfp");
	page_fail_nth(1);
	ok(!alloc_fails(GFP_ATOMIC) && page_fail_nth(0) == 1, "guarantee 1: also for fail_nth");
	set(off);
}

/* Guarantee 3: a condition does not count calls that an earlier condition stopped. */
static void test_order(void)
{
	set((struct page_fault_attr){ .probability = 100, .times = -1, .interval = 2,
				      .task_filter = true });
	ok(failures(5) == 0, "guarantee 3: the filter stops tasks that did not ask for failures");
	page_task_make_it_fail(true);
	ok(failures(4) == 0xa, "guarantee 3: the filter comes before the interval");
	ok(page_task_make_it_fail(false), "who was in is out");
	set((struct page_fault_attr){ .probability = 100, .times = -1, .interval = 2, .space = 3 });
	ok(failures(6) == 0x28, "guarantee 3: space comes before the interval");
	set((struct page_fault_attr){ .probability = 50, .times = -1, .interval = 4, .seed = 1 });
	ok((failures(64) & ~UINT64_C(0x8888888888888888)) == 0,
	   "guarantee 3: the interval comes before chance");
	set(off);
}

static void test_random(void)
{
	struct page_fault_attr half = { .probability = 50, .times = -1, .seed = 42 };
	uint64_t one, two, three;

	set(half);
	one = failures(64);
	set(half);
	two = failures(64);
	half.seed = 43;
	set(half);
	three = failures(64);
	ok(one == two && one != three, "guarantee 5: a seed makes its failures");
	ok(__builtin_popcountll(one) > 16 && __builtin_popcountll(one) < 48, "about half of them");
	set(off);
}

static void test_bad_attr(void)
{
	struct page_fault_attr attr = { .probability = 101 };

	ok(page_fault_attr_set(PAGE_FAULT_ALLOC, &attr) == -EINVAL, "probability 101");
	attr = (struct page_fault_attr){ .times = -2 };
	ok(page_fault_attr_set(PAGE_FAULT_ALLOC, &attr) == -EINVAL, "times -2");
	ok(page_fault_attr_set(PAGE_FAULT_POINTS, &off) == -EINVAL, "no such point");
	ok(page_fault_attr_get(PAGE_FAULT_POINTS, &attr) == -EINVAL, "no such point to look at");
}

static void test_usercopy(void)
{
	static unsigned char user[64], got[64], zeros[64];
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	struct user_slice_reader reader;
	bool good;

	memset(user, 0x5a, sizeof(user));
	memset(got, 0x11, sizeof(got));
	page_write_raw(page, got, 0, sizeof(got));
	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	page_fail_nth(1);
	good = page_copy_from_user_slice(page, &reader, 0, 65) == -EFAULT &&
	       page_copy_from_user_slice(page, &reader, PAGE_SIZE, 1) == -EINVAL;
	ok(good && page_fail_nth(1) == 1, "no point before the checks");
	ok(page_copy_from_user_slice(page, &reader, 0, 64) == -EFAULT && !page_fail_nth(0),
	   "a copy fails");
	page_read_raw(page, got, 0, 64);
	ok(!memcmp(got, zeros, 64) && user_slice_left(&reader) == 64,
	   "all of it zero, the reader stays");
	ok(page_copy_from_user_slice(page, &reader, 0, 64) == 0, "and then does not");
	page_free(page);
}

/* Each point keeps its own attributes. */
static bool has_attributes(enum page_fault_point point, struct page_fault_attr want)
{
	struct page_fault_attr got = { .seed = 1 };

	return page_fault_attr_get(point, &got) == 0 && got.probability == want.probability &&
	       got.interval == want.interval && got.times == want.times &&
	       got.space == want.space && got.min_order == want.min_order &&
	       got.task_filter == want.task_filter && got.ignore_gfp == want.ignore_gfp &&
	       got.seed == want.seed;
}

static void test_points(void)
{
	static const struct page_fault_attr
		one = { .probability = 17, .interval = 18, .times = 19, .space = 20, .min_order = 21,
			.task_filter = true, .ignore_gfp = GFP_NOIO, .seed = 22 },
		two = { .probability = 37, .interval = 38, .times = 39, .space = 40, .min_order = 41,
			.task_filter = false, .ignore_gfp = GFP_ATOMIC, .seed = 42 };

	ok(has_attributes(PAGE_FAULT_ALLOC, off) && has_attributes(PAGE_FAULT_USERCOPY, off), "nothing is asked at first");
	ok(page_fault_attr_set(PAGE_FAULT_ALLOC, &one) == 0 &&
		   page_fault_attr_set(PAGE_FAULT_USERCOPY, &two) == 0,
	   "something else of each point");
	ok(has_attributes(PAGE_FAULT_ALLOC, one) && has_attributes(PAGE_FAULT_USERCOPY, two), "each has its own");
	page_fault_attr_set(PAGE_FAULT_ALLOC, &off);
	ok(has_attributes(PAGE_FAULT_ALLOC, off) && has_attributes(PAGE_FAULT_USERCOPY, two), "switched off alone");
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &off);
}

/* Bit i: did copy i of one byte fail? */
static uint64_t copies_that_fail(struct page *page, unsigned int count)
{
	static unsigned char user[64];
	struct user_slice_reader reader;
	uint64_t seen = 0;

	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	for (unsigned int i = 0; i < count; i++)
		seen |= (uint64_t)(page_copy_from_user_slice(page, &reader, 0, 1) == -EFAULT) << i;
	return seen;
}

static void test_usercopy_attr(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	struct page_fault_attr attr = { .probability = 100, .times = -1, .interval = 2 };

	page_fault_attr_set(PAGE_FAULT_USERCOPY, &attr);
	ok(copies_that_fail(page, 6) == 0x2a && failures(4) == 0, "every second copy, no allocation");
	attr = (struct page_fault_attr){ .probability = 100, .times = -1, .space = 3 };
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &attr);
	ok(copies_that_fail(page, 4) == 0xc, "a copy takes one of the space");
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &off);
	page_free(page);
}

/* R11: a copy of 0 bytes is a failure point: it uses up the failure and returns 0. */
static void test_empty_copy(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	struct page_fault_attr attr = { .probability = 100, .times = 2 };
	struct user_slice_reader empty;

	user_slice_reader_init(&empty, user_slice_new(NULL, 0));
	page_fail_nth(2);
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && page_fail_nth(2) == 1,
	   "an empty copy counts");
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && copies_that_fail(page, 2) == 0x1,
	   "so the copy after it fails");
	page_fail_nth(1);
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && copies_that_fail(page, 2) == 0,
	   "an empty copy that is to fail uses the failure up, and returns 0");
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &attr);
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && copies_that_fail(page, 3) == 0x1,
	   "an empty copy uses up one of the times");
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &off);
	page_free(page);
}

/* A buffer uses the `space` of its pages, rounded up to a power of two. Return: how much of 100. */
static unsigned int space_taken(size_t bytes)
{
	struct page_fault_attr attr = { .probability = 100, .times = -1, .space = 100 };
	void *buffer;

	page_fault_attr_set(PAGE_FAULT_ALLOC, &attr);
	buffer = page_buffer_alloc(bytes);
	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	page_fault_attr_set(PAGE_FAULT_ALLOC, &off);
	page_buffer_free(buffer);
	return buffer ? 100 - attr.space : 0;
}

static void test_order_of_buffers(void)
{
	struct page_fault_attr attr = { .probability = 100, .times = -1, .min_order = 2 };
	void *small, *large;

	ok(space_taken(1) == 1 && space_taken(PAGE_SIZE) == 1 && space_taken(PAGE_SIZE + 1) == 2 &&
		   space_taken(3 * PAGE_SIZE) == 4 && space_taken(4 * PAGE_SIZE) == 4 &&
		   space_taken(5 * PAGE_SIZE) == 8,
	   "space goes by pages, rounded up to a power of two");
	set(attr);
	small = page_buffer_alloc(2 * PAGE_SIZE);
	large = page_buffer_alloc(3 * PAGE_SIZE);
	ok(small && !large, "min_order: three pages are order 2, two are not");
	set(off);
	page_buffer_free(small);
	page_buffer_free(large);
}

/* An operation with three failure points: each path is taken once, then it succeeds. */
static int operation(void)
{
	struct page *a = page_alloc(GFP_KERNEL), *b = a ? page_alloc(GFP_NOIO) : NULL;
	static unsigned char user[8];
	struct user_slice_reader reader;
	int ret = b ? 0 : -ENOMEM;

	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	if (!ret)
		ret = page_copy_from_user_slice(b, &reader, 0, sizeof(user));
	page_free(a);
	page_free(b);
	return ret;
}

static void test_enumerate(void)
{
	static const int want[] = { -ENOMEM, -ENOMEM, -EFAULT, 0 };
	unsigned int n = 0, left;
	bool good = true;

	do {
		int ret;

		page_fail_nth(++n);
		ret = operation();
		left = page_fail_nth(0);
		good &= n <= COUNT(want) && ret == want[n - 1] && (left == 0) == (ret != 0);
	} while (good && !left);
	ok(good && n == COUNT(want), "n = 1, 2, 3 until it succeeds without");
}

static void *thread_counts(void *arg)
{
	*(uint64_t *)arg = failures(4);
	return NULL;
}

static void test_tasks(void)
{
	struct page_task *task = page_task_new("counts");
	pthread_t thread;
	uint64_t seen = 1;

	page_fail_nth(2);
	if (!pthread_create(&thread, NULL, thread_counts, &seen))
		pthread_join(thread, NULL);
	ok(seen == 0, "another thread's calls are not counted");
	page_task_switch_in(task);
	page_fail_nth(1);
	page_task_switch_in(NULL);
	ok(failures(3) == 2, "nor another task's");
	page_task_switch_in(task);
	ok(failures(3) == 1, "which has a count of its own");
	page_task_switch_in(NULL);
	page_task_delete(task);
}

UNIT_TEST(test_page_fault)
{
	test_points();
	test_nth();
	test_nth_first();
	test_attr();
	test_order();
	test_random();
	test_bad_attr();
	test_usercopy();
	test_usercopy_attr();
	test_empty_copy();
	test_order_of_buffers();
	test_enumerate();
	test_tasks();
}
