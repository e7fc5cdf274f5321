/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests injected failures (R11), and the numbered guarantees of src/page/fault.c. */
#include "tests/page_test.h"

#include "harness/library.h"

static const struct page_fault_attr attr_off = PAGE_FAULT_ATTR_INIT;

static bool allocation_fails(gfp_t gfp)
{
	struct page *page = page_alloc(gfp);
	bool fails = !page && errno == ENOMEM;

	page_free(page);
	return fails;
}

/* Allocates @count pages. Return: bit i is set if allocation i failed. */
static uint64_t allocate_and_get_failures(unsigned int count)
{
	uint64_t failed = 0;

	for (unsigned int i = 0; i < count; i++)
		failed |= (uint64_t)allocation_fails(GFP_KERNEL) << i;
	return failed;
}

/* Makes @count copies of one byte of user memory. Return: bit i is set if copy i failed. */
static uint64_t copy_and_get_failures(unsigned int count)
{
	static unsigned char user[64];
	struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	uint64_t failed = 0;

	for (unsigned int i = 0; i < count; i++)
		failed |= (uint64_t)(page_copy_from_user_slice(page, &reader, 0, 1) == -EFAULT) << i;
	page_free(page);
	return failed;
}

/* Return: the result of a copy of 0 bytes. */
static int copy_zero_bytes(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
	struct user_slice_reader empty = make_user_slice_reader(NULL, 0);
	int ret = page_copy_from_user_slice(page, &empty, 0, 0);

	page_free(page);
	return ret;
}

/* SET(ALLOC, .probability = 100, ...): sets all attributes of PAGE_FAULT_ALLOC; omitted attributes are 0. */
#define SET(point, ...) set_attr(PAGE_FAULT_##point, (struct page_fault_attr){ __VA_ARGS__ })
#define ALWAYS          .probability = 100, .times = -1

static void set_attr(enum page_fault_point point, struct page_fault_attr attr)
{
	page_fault_attr_set(point, &attr);
}

static int get_remaining_alloc_times(void)
{
	struct page_fault_attr attr;

	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	return attr.times;
}

/* ---- the first request ---- */

ACTION(fail_by_attributes, SET(ALLOC, ALWAYS), exit(!allocation_fails(GFP_KERNEL)))
ACTION(fail_by_count, page_fail_nth(1), exit(!allocation_fails(GFP_KERNEL)))

static const struct child_case first_request_cases[] = {
	/* [P257] [P272] */
	{ fail_by_attributes, RETURNS, "an allocation fails after only page_fault_attr_set()" },
	/* [P259] */
	{ fail_by_count, RETURNS, "an allocation fails after only page_fail_nth()" },
};

/* Runs first: each child makes the first request of its process. Changes no attribute of this process. */
ACTION(test_first_request, CHECK_CHILDREN(first_request_cases))

/* ---- fail_nth ---- */

static void test_fail_nth(void)
{
	/* [P280] */
	ok(allocate_and_get_failures(8) == 0, "nothing fails at first");
	page_fail_nth(3);
	/* [P12] [P50] [P253] [P259] */
	ok(allocate_and_get_failures(8) == 1 << 2, "guarantee 2: the third allocation fails, once");
	/* [P263] */
	ok(page_fail_nth(0) == 0, "page_fail_nth returns 0 after the failure");
	page_fail_nth(5);
	allocate_and_get_failures(2);
	/* [P260] [P262] */
	ok(page_fail_nth(0) == 3 && allocate_and_get_failures(8) == 0,
	   "page_fail_nth(0) returns the rest, and clears it");
	page_fail_nth(UINT32_MAX);
	/* [P262] */
	ok(allocate_and_get_failures(1) == 0 && page_fail_nth(0) == UINT32_MAX - 1,
	   "page_fail_nth takes and returns numbers of any width");
	page_fail_nth(2);
	/* [P36] [P253] */
	ok(!allocation_fails(GFP_KERNEL | __GFP_NOFAIL) && !allocation_fails(GFP_KERNEL | __GFP_NOFAIL) &&
		   allocate_and_get_failures(2) == 2,
	   "guarantee 1: an allocation with __GFP_NOFAIL does not count");
	SET(ALLOC, .probability = 100, .interval = 2, .times = 5);
	page_fail_nth(3);
	/* [P256] */
	ok(allocate_and_get_failures(3) == 4 && get_remaining_alloc_times() == 4,
	   "guarantees 2 and 4: fail_nth comes before the attributes, and uses one of `times`");
	ok(allocate_and_get_failures(4) == 0xa, "guarantee 2: fail_nth does not advance the interval");
	SET(ALLOC, .probability = 100, .times = 0);
	page_fail_nth(1);
	/* [P274] */
	ok(allocate_and_get_failures(3) == 1 && get_remaining_alloc_times() == 0,
	   "guarantee 4: a failure by fail_nth leaves a `times` of 0");
}

/* ---- attributes ---- */

static const struct {
	struct page_fault_attr attr;
	unsigned int allocation_count;
	uint64_t expected_failures; /* bit i is set if allocation i fails */
	const char *check_name;
} attr_cases[] = {
	{ { ALWAYS }, 8, 0xff, "probability 100: all fail" },
	{ { .probability = 100, .times = 3 }, 8, 0x07, "guarantee 4: `times` failures" },
	{ { ALWAYS, .interval = 3 }, 9, 0x124, "every third fails" },
	{ { ALWAYS, .interval = 0x80000001 },
	  8,
	  0,
	  "of an interval of 2^31 + 1, the first calls do not fail" },
	{ { ALWAYS, .space = 4 }, 8, 0xf8, "a space of four: three pass, the fourth does not fit" },
	{ { .probability = 0, .times = -1 }, 8, 0, "probability 0: none fails" },
	{ { .probability = 100, .times = 0 }, 8, 0, "`times` 0: none fails" },
	{ { ALWAYS, .min_order = 1 }, 8, 0, "guarantee 1: orders below min_order do not fail" },
	{ { ALWAYS, .interval = 2, .task_filter = true },
	  5,
	  0,
	  "guarantee 3: the filter stops tasks that did not ask for failures" },
	{ { ALWAYS, .interval = 2, .space = 3 }, 6, 0x28, "guarantee 3: space comes before the interval" },
};

static void test_attributes(void)
{
	for (size_t i = 0; i < COUNT(attr_cases); i++) {
		set_attr(PAGE_FAULT_ALLOC, attr_cases[i].attr);
		/* [P257] [P264] [P266] [P268] [P269] [P270] [P272] [P273] [P274] [P275] [P276] */
		ok(allocate_and_get_failures(attr_cases[i].allocation_count) ==
			   attr_cases[i].expected_failures,
		   "%s", attr_cases[i].check_name);
	}
	SET(ALLOC, ALWAYS, .ignore_gfp = GFP_ATOMIC);
	/* [P278] */
	ok(!allocation_fails(GFP_ATOMIC) && allocation_fails(GFP_KERNEL), "guarantee 1: ignore_gfp");
	page_fail_nth(1);
	/* [P258] */
	ok(!allocation_fails(GFP_ATOMIC) && page_fail_nth(0) == 1,
	   "guarantee 1: ignore_gfp counts for fail_nth too");
	SET(ALLOC, ALWAYS, .interval = 2, .task_filter = true);
	allocate_and_get_failures(5);
	page_task_make_it_fail(true);
	/* [P265] [P267] [P277] */
	ok(allocate_and_get_failures(4) == 0xa, "guarantee 3: the filter comes before the interval");
	/* [P293] */
	ok(page_task_make_it_fail(false), "page_task_make_it_fail returns the earlier value");
	SET(ALLOC, .probability = 50, .times = -1, .interval = 4, .seed = 1);
	ok((allocate_and_get_failures(64) & ~UINT64_C(0x8888888888888888)) == 0,
	   "guarantee 3: the interval comes before chance");
}

static uint64_t allocate_with_seed_and_get_failures(unsigned long long seed)
{
	SET(ALLOC, .probability = 50, .times = -1, .seed = seed);
	return allocate_and_get_failures(64);
}

static void test_seeds_of_failures(void)
{
	uint64_t failed = allocate_with_seed_and_get_failures(42);

	/* [P279] */
	ok(failed == allocate_with_seed_and_get_failures(42) &&
		   failed != allocate_with_seed_and_get_failures(43),
	   "guarantee 5: a seed determines the failures");
	/* [P271] */
	ok(__builtin_popcountll(failed) > 16 && __builtin_popcountll(failed) < 48, "about half of them fail");
}

static bool has_attributes(enum page_fault_point point, struct page_fault_attr want)
{
	struct page_fault_attr got = { .seed = 1 };

	return page_fault_attr_get(point, &got) == 0 && got.probability == want.probability &&
	       got.interval == want.interval && got.times == want.times && got.space == want.space &&
	       got.min_order == want.min_order && got.task_filter == want.task_filter &&
	       got.ignore_gfp == want.ignore_gfp && got.seed == want.seed;
}

/* The seed that page_fault_attr_get() returns continues the sequence of random numbers. */
static void test_seed_that_remains(void)
{
	struct page_fault_attr attr;
	uint64_t failed;

	SET(ALLOC, .probability = 50, .times = -1, .seed = 42);
	allocate_and_get_failures(10);
	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	failed = allocate_and_get_failures(64);
	set_attr(PAGE_FAULT_ALLOC, attr);
	/* [P290] */
	ok(attr.seed != 42 && allocate_and_get_failures(64) == failed,
	   "the seed that remains continues the failures");
	SET(ALLOC, .probability = 100, .times = 7, .space = 3);
	allocate_and_get_failures(4);
	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	/* [P289] */
	ok(attr.times == 5 && attr.space == 1, "times and space have the values that remain");
	SET(ALLOC, .probability = 0, .times = 7, .space = 3, .seed = 42);
	allocate_and_get_failures(4);
	/* [P265] [P266] */
	ok(has_attributes(PAGE_FAULT_ALLOC, (struct page_fault_attr){ .times = 7, .space = 3, .seed = 42 }),
	   "guarantee 3: with a probability of 0, calls change no attribute");
}

static const struct {
	unsigned int probability;
	unsigned long long seed, failed;
} known_draws[] = {
	{ 1, 1, 0 },
	{ 50, 0, 0x65acb3bb574e8213 },
	{ 50, 42, 0x98a80e641f3a1514 },
	{ 50, UINT64_MAX, 0x3351363a12723803 },
	{ 99, 7, 0xfffffffffeffffff },
};

/*
 * With the same seed, the same calls of src/page fail on every machine and in every version. In an external
 * page library, other calls may fail, so only src/page is tested.
 */
static void test_known_draws(void)
{
	for (size_t i = 0; library_get()->has_known_access_pattern && i < COUNT(known_draws); i++) {
		SET(ALLOC, .probability = known_draws[i].probability, .times = -1,
		    .seed = known_draws[i].seed);
		ok(allocate_and_get_failures(64) == known_draws[i].failed, "%u %% from seed %#llx: %#llx",
		   known_draws[i].probability, known_draws[i].seed, known_draws[i].failed);
	}
}

static void test_bad_attributes(void)
{
	struct page_fault_attr attr = { .probability = 101 };

	/* [P286] */
	ok(page_fault_attr_set(PAGE_FAULT_ALLOC, &attr) == -EINVAL, "probability 101 is EINVAL");
	attr = (struct page_fault_attr){ .times = -2 };
	/* [P287] */
	ok(page_fault_attr_set(PAGE_FAULT_ALLOC, &attr) == -EINVAL, "times -2 is EINVAL");
	/* [P285] */
	ok(page_fault_attr_set(PAGE_FAULT_POINTS, &attr_off) == -EINVAL,
	   "setting an unknown point is EINVAL");
	/* [P291] */
	ok(page_fault_attr_get(PAGE_FAULT_POINTS, &attr) == -EINVAL, "getting an unknown point is EINVAL");
	ok(page_fault_attr_set((enum page_fault_point)1000, &attr_off) == -EINVAL &&
		   page_fault_attr_get((enum page_fault_point)1000, &attr) == -EINVAL,
	   "point 1000 is EINVAL");
}

static bool both_points_have_attributes(struct page_fault_attr alloc, struct page_fault_attr usercopy)
{
	return has_attributes(PAGE_FAULT_ALLOC, alloc) && has_attributes(PAGE_FAULT_USERCOPY, usercopy);
}

static void test_attributes_of_both_points(void)
{
	/* Each member of the two attributes has a different value, which needs all bits of the member. */
	static const struct page_fault_attr one = { 17,         0x80000001, 0x70000002, 0x80000003,
						    0x80000004, true,       0x80000005, 0x8000000000000006 };
	static const struct page_fault_attr two = { 37,         0x90000001, -1,         0x90000003,
						    0x90000004, false,      0x90000005, 0x9000000000000006 };

	/* [P280] [P281] */
	ok(both_points_have_attributes(attr_off, attr_off), "both points are off at first");
	set_attr(PAGE_FAULT_ALLOC, one);
	set_attr(PAGE_FAULT_USERCOPY, two);
	/* [P282] [P284] [P288] */
	ok(both_points_have_attributes(one, two), "each point has its own attributes");
	set_attr(PAGE_FAULT_ALLOC, attr_off);
	ok(both_points_have_attributes(attr_off, two), "one point is switched off alone");
}

/* ---- copies from user memory ---- */

static void test_failed_copy(void)
{
	static unsigned char user[64], got[64], zeros[64];
	struct page *page = alloc_zeroed_page();
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	bool good;

	memset(user, 0x5a, sizeof(user));
	memset(got, 0x11, sizeof(got));
	page_write_raw(page, got, 0, sizeof(got));
	page_fail_nth(1);
	good = page_copy_from_user_slice(page, &reader, 0, 65) == -EFAULT &&
	       page_copy_from_user_slice(page, &reader, PAGE_SIZE, 1) == -EINVAL;
	/* [P254] */
	ok(good && page_fail_nth(1) == 1, "the checks of bounds and length come before the failure point");
	ok(page_copy_from_user_slice(page, &reader, 0, 64) == -EFAULT && !page_fail_nth(0), "a copy fails");
	page_read_raw(page, got, 0, 64);
	/* [P194] */
	ok(!memcmp(got, zeros, 64) && user_slice_left(&reader) == 64,
	   "a copy that fails zeroes the range and does not move the reader");
	ok(page_copy_from_user_slice(page, &reader, 0, 64) == 0, "the next copy succeeds");
	page_free(page);
}

static void test_copy_attributes(void)
{
	SET(USERCOPY, ALWAYS, .interval = 2);
	/* [P254] [P270] */
	ok(copy_and_get_failures(6) == 0x2a && allocate_and_get_failures(4) == 0,
	   "every second copy fails, and no allocation");
	SET(USERCOPY, ALWAYS, .space = 3);
	ok(copy_and_get_failures(4) == 0xc, "a copy uses one unit of the space");
}

/* Tests that a copy of 0 bytes is a failure point: the copy uses up an injected failure, but returns 0. */
static void test_empty_copy_is_failure_point(void)
{
	page_fail_nth(2);
	ok(copy_zero_bytes() == 0 && page_fail_nth(2) == 1, "an empty copy counts for fail_nth");
	ok(copy_zero_bytes() == 0 && copy_and_get_failures(2) == 0x1,
	   "after an empty copy the next copy fails");
	page_fail_nth(1);
	/* [P193] [P255] */
	ok(copy_zero_bytes() == 0 && copy_and_get_failures(2) == 0,
	   "an empty copy uses up its failure, and returns 0");
	SET(USERCOPY, .probability = 100, .times = 2);
	ok(copy_zero_bytes() == 0 && copy_and_get_failures(3) == 0x1, "an empty copy uses one of `times`");
}

/* ---- buffers ---- */

/* Return: by how much a buffer of @bytes reduces the attribute `space`; 0 if its allocation fails. */
static unsigned int measure_space_used_by_buffer(size_t bytes)
{
	struct page_fault_attr attr = { ALWAYS, .space = 100 };
	void *buffer;

	set_attr(PAGE_FAULT_ALLOC, attr);
	buffer = page_buffer_alloc(bytes);
	page_fault_attr_get(PAGE_FAULT_ALLOC, &attr);
	set_attr(PAGE_FAULT_ALLOC, attr_off);
	page_buffer_free(buffer);
	return buffer ? 100 - attr.space : 0;
}

static void test_failed_buffers(void)
{
	void *small, *large;

	/* [P202] [P289] */
	ok(measure_space_used_by_buffer(1) == 1 && measure_space_used_by_buffer(PAGE_SIZE) == 1 &&
		   measure_space_used_by_buffer(PAGE_SIZE + 1) == 2 &&
		   measure_space_used_by_buffer(3 * PAGE_SIZE) == 4 &&
		   measure_space_used_by_buffer(4 * PAGE_SIZE) == 4 &&
		   measure_space_used_by_buffer(5 * PAGE_SIZE) == 8,
	   "a buffer uses the space of its pages, rounded up to a power of two");
	SET(ALLOC, ALWAYS, .min_order = 2);
	small = page_buffer_alloc(2 * PAGE_SIZE);
	large = page_buffer_alloc(3 * PAGE_SIZE);
	ok(small && !large, "min_order: three pages are order 2, two are not");
	set_attr(PAGE_FAULT_ALLOC, attr_off);
	page_buffer_free(small);
	page_buffer_free(large);
}

/* A space of 2^16 is not larger than the number of pages, so the allocation fails, and uses one of `times`.
 */
static void test_failures_of_largest_buffers(void)
{
	SET(ALLOC, .probability = 100, .times = 5, .space = 1 << 16);
	/* [P202] [P269] */
	ok(!page_buffer_alloc((1 << 16) * PAGE_SIZE) && get_remaining_alloc_times() == 4,
	   "a buffer of 2^16 pages fails if the space is 2^16");
	/* [P205] */
	ok(!page_buffer_alloc(SIZE_TOP) && errno == ENOMEM,
	   "a buffer of half of all addresses cannot be allocated");
}

/* ---- operations and tasks ---- */

/* The operation has three failure points: two allocations and a copy. */
static int run_operation_with_3_points(void)
{
	struct page *a = page_alloc(GFP_KERNEL), *b = a ? page_alloc(GFP_NOIO) : NULL;
	static unsigned char user[8];
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	int ret = b ? 0 : -ENOMEM;

	if (!ret)
		ret = page_copy_from_user_slice(b, &reader, 0, sizeof(user));
	page_free(a);
	page_free(b);
	return ret;
}

static void test_all_points_of_operation(void)
{
	static const int expected[] = { -ENOMEM, -ENOMEM, -EFAULT, 0 };
	bool good = true;

	for (unsigned int n = 1; n <= COUNT(expected); n++) {
		page_fail_nth(n);
		good &= run_operation_with_3_points() == expected[n - 1];
		good &= (page_fail_nth(0) == 0) == (expected[n - 1] != 0);
	}
	/* [P261] */
	ok(good, "n = 1, 2, 3 fails each point of an operation, and n = 4 none");
}

static void *allocate_in_thread(void *failures)
{
	*(uint64_t *)failures = allocate_and_get_failures(4);
	return NULL;
}

static void test_fail_nth_of_tasks(void)
{
	struct page_task *task = page_task_new("counts");
	uint64_t failed = 1;

	page_fail_nth(2);
	run_thread_and_wait(allocate_in_thread, &failed);
	ok(failed == 0, "fail_nth does not count calls of another thread");
	page_task_switch_in(task);
	page_fail_nth(1);
	page_task_switch_in(NULL);
	ok(allocate_and_get_failures(3) == 2, "fail_nth of another task changes nothing");
	page_task_switch_in(task);
	/* [P259] */
	ok(allocate_and_get_failures(3) == 1, "each task has its own fail_nth");
	page_task_switch_in(NULL);
	page_task_delete(task);
}

static void test_filter_of_tasks(void)
{
	struct page_task *task = page_task_new("fails");
	bool other_fails, fails;

	SET(ALLOC, ALWAYS, .task_filter = true);
	page_task_switch_in(task);
	page_task_make_it_fail(true);
	fails = allocation_fails(GFP_KERNEL);
	page_task_switch_in(NULL);
	other_fails = allocation_fails(GFP_KERNEL);
	page_task_delete(task);
	/* [P267] [P277] [P292] */
	ok(fails && !other_fails, "each task has its own setting for the filter");
}

static void (*const fault_tests[])(void) = {
	test_attributes_of_both_points,
	test_fail_nth,
	test_attributes,
	test_seeds_of_failures,
	test_seed_that_remains,
	test_known_draws,
	test_bad_attributes,
	test_failed_copy,
	test_copy_attributes,
	test_empty_copy_is_failure_point,
	test_failed_buffers,
	test_failures_of_largest_buffers,
	test_all_points_of_operation,
	test_fail_nth_of_tasks,
	test_filter_of_tasks,
};

UNIT_TEST(test_page_fault)
{
	test_first_request();
	for (size_t i = 0; i < COUNT(fault_tests); i++) {
		fault_tests[i]();
		set_attr(PAGE_FAULT_ALLOC, attr_off);
		set_attr(PAGE_FAULT_USERCOPY, attr_off);
	}
}
