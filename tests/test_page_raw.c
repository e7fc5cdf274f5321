/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Lifetime and raw calls: bounds, exact bytes, order of checks. */
#include "tests/page_test.h"

#include <errno.h>

static struct page *page, *other;
static unsigned char buffer[PAGE_SIZE + 16];

static const struct {
	size_t off, len;
	bool good;
} ranges[] = {
	{ 0, 0, true },
	{ 0, PAGE_SIZE, true },
	{ PAGE_SIZE, 0, true },
	{ PAGE_SIZE - 1, 1, true },
	{ 17, 64, true },
	{ PAGE_SIZE, 1, false },
	{ PAGE_SIZE + 1, 0, false },
	{ 0, PAGE_SIZE + 1, false },
	{ 1, PAGE_SIZE, false },
	{ 1, SIZE_MAX, false },
	{ SIZE_MAX, 1, false },
	{ SIZE_MAX, SIZE_MAX, false },
	{ SIZE_TOP, SIZE_TOP, false },
	{ SIZE_UPPER, 0, false },
};

static int do_nothing(void *addr, void *ctx)
{
	*(void **)ctx = addr;
	return 7;
}

static void fill(unsigned char byte)
{
	memset(buffer, byte, sizeof(buffer));
}

static void test_ranges(void)
{
	bool raw = true, bytewise = true, copy = true, pointer = true;
	void *called;

	for (size_t i = 0; i < COUNT(ranges); i++) {
		size_t off = ranges[i].off, len = ranges[i].len;
		int want = ranges[i].good ? 0 : -EINVAL;

		raw &= page_read_raw(page, buffer, off, len) == want;
		raw &= page_write_raw(page, buffer, off, len) == want;
		raw &= page_fill_zero(page, off, len) == want;
		bytewise &= page_read_bytewise_atomic(page, buffer, off, len) == want;
		bytewise &= page_write_bytewise_atomic(page, buffer, off, len) == want;
		copy &= page_copy(other, off, page, off, len) == want;
		called = NULL;
		pointer &= page_with_pointer(page, off, len, do_nothing, &called) == (want ? want : 7);
		pointer &= !called == !ranges[i].good;
	}
	ok(raw, "%s: bounds of the raw calls", mode_name);
	ok(bytewise, "%s: bounds of the bytewise calls", mode_name);
	ok(copy, "%s: bounds of page_copy", mode_name);
	ok(pointer, "%s: bounds of page_with_pointer, and no callback beyond", mode_name);
}

/* R2: the whole range changes and nothing else, for all small ranges around both ends. */
static bool exact(int (*call)(size_t off, size_t len), unsigned char after)
{
	static unsigned char all[PAGE_SIZE];
	bool good = true;

	for (size_t off = 4060; off <= PAGE_SIZE; off++) {
		for (size_t len = 0; off + len <= PAGE_SIZE; len += 3) {
			fill(0x5a);
			page_write_raw(page, buffer, 0, PAGE_SIZE);
			fill(after);
			good &= call(off, len) == 0;
			page_read_raw(page, all, 0, PAGE_SIZE);
			for (size_t i = 4000; i < PAGE_SIZE; i++)
				good &= all[i] == (i >= off && i < off + len ? after : 0x5a);
		}
	}
	return good;
}

static int call_write(size_t off, size_t len)
{
	return page_write_raw(page, buffer, off, len);
}

static int call_zero(size_t off, size_t len)
{
	return page_fill_zero(page, off, len);
}

static int call_bytewise(size_t off, size_t len)
{
	return page_write_bytewise_atomic(page, buffer, off, len);
}

static int call_copy(size_t off, size_t len)
{
	page_write_raw(other, buffer, 0, PAGE_SIZE);
	return page_copy(page, off, other, 1, len);
}

static void test_exact(void)
{
	ok(exact(call_write, 0x11), "%s: page_write_raw writes exactly its range", mode_name);
	ok(exact(call_zero, 0), "%s: page_fill_zero writes exactly its range", mode_name);
	ok(exact(call_bytewise, 0x22), "%s: bytewise write writes exactly its range", mode_name);
	ok(exact(call_copy, 0x33), "%s: page_copy writes exactly its range", mode_name);
	fill(0x44);
	page_write_raw(page, buffer, 0, PAGE_SIZE);
	fill(0x55);
	page_read_bytewise_atomic(page, buffer + 3, 8, 5);
	ok(buffer[2] == 0x55 && buffer[3] == 0x44 && buffer[7] == 0x44 && buffer[8] == 0x55,
	   "%s: bytewise read writes exactly its buffer", mode_name);
}

static struct page_task *no_current_task(void)
{
	return NULL;
}

/*
 * A task that may have no mapping left takes a slower path with the same result. A hook puts every
 * thread on that path.
 */
static void test_crowded(void)
{
	static unsigned char user[16];
	struct user_slice_reader reader;
	void *maps[PAGE_TASK_MAPPINGS];
	bool good;

	page_task_hook_set(no_current_task);
	for (int i = 0; i < PAGE_TASK_MAPPINGS - 2; i++)
		maps[i] = page_map_local(other);
	ok(exact(call_write, 0x12) && exact(call_zero, 0) && exact(call_bytewise, 0x23) &&
		   exact(call_copy, 0x34),
	   "%s: with room for two, all calls work as before", mode_name);
	maps[PAGE_TASK_MAPPINGS - 2] = page_map_local(other);
	fill(0x45);
	good = page_write_raw(page, buffer, 8, 5) == 0;
	fill(0);
	good &= page_read_raw(page, buffer + 3, 8, 5) == 0;
	ok(good && !buffer[2] && buffer[3] == 0x45 && buffer[7] == 0x45 && !buffer[8],
	   "%s: with room for one, bytes go where they should", mode_name);
	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	ok(page_fill_zero(page, 8, 5) == 0 && page_read_bytewise_atomic(page, buffer, 8, 5) == 0 &&
		   page_write_bytewise_atomic(page, buffer, 8, 5) == 0 &&
		   page_copy_from_user_slice(page, &reader, 8, 5) == 0,
	   "%s: with room for one, every call of one page works", mode_name);
	for (int i = PAGE_TASK_MAPPINGS - 1; i-- > 0;)
		page_unmap_local(maps[i]);
	page_task_hook_set(NULL);
}

static void test_copy_self(void)
{
	ok(page_copy(page, 0, page, 64, 64) == 0, "%s: a page to itself, beside", mode_name);
	ok(page_copy(page, 0, page, 63, 64) == -EINVAL, "%s: overlap by a byte", mode_name);
	ok(page_copy(page, 63, page, 0, 64) == -EINVAL, "%s: overlap, other way", mode_name);
	ok(page_copy(page, 8, page, 8, 0) == 0, "%s: nothing overlaps nothing", mode_name);
}

static void test_align(void)
{
	size_t aligned = 1;

	ok(page_align(0, &aligned) && aligned == 0, "page_align 0");
	ok(page_align(1, &aligned) && aligned == PAGE_SIZE, "page_align 1");
	ok(page_align(PAGE_SIZE, &aligned) && aligned == PAGE_SIZE, "page_align of a multiple");
	ok(page_align(SIZE_MAX - PAGE_SIZE + 1, &aligned) && aligned == SIZE_MAX - PAGE_SIZE + 1,
	   "page_align of the last multiple");
	aligned = 5;
	ok(!page_align(SIZE_MAX - PAGE_SIZE + 2, &aligned) && aligned == 5, "page_align beyond");
}

/* ---- a dead page: with AddressSanitizer, its report comes first ---- */

#define POISONED "use-after-poison"

static void freed_read(void)
{
	page_free(page);
	page_read_raw(page, buffer, 0, 0);
}

static void freed_twice(void)
{
	page_free(page);
	page_free(page);
}

static void freed_get(void)
{
	page_free(page);
	page_get(page);
}

static void freed_copy(void)
{
	page_free(other);
	page_copy(page, 0, other, 0, 1);
}

static void freed_but_bad_range(void)
{
	page_free(page);
	if (page_write_raw(page, buffer, 1, PAGE_SIZE) != -EINVAL ||
	    page_copy(page, PAGE_SIZE, page, 0, 1) != -EINVAL)
		abort();
	/* Still reachable: LeakSanitizer checks at the end of the process. */
}

static void full_and_freed(void)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(other);
	page_free(page);
	page_fill_zero(page, 0, 1);
}

static void full(void)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(other);
	page_fill_zero(page, 0, 0);
}

static void one_left_for_copy(void)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS - 1; i++)
		page_map_local(other);
	if (page_read_raw(page, buffer, 0, 1))
		return;
	page_copy(page, 0, other, 0, 1);
}

static void copy_freed_source_one_left(void)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(page);
	page_free(other);
	page_copy(page, 0, other, 0, 1);
}

/* The thread's own task is full; a raw call ran while another task with space was current. */
static struct page_task *task;

static void own_is_full(void)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(other);
	page_task_switch_in(task);
	if (page_fill_zero(page, 0, 1))
		exit(1);
}

static void full_back(void)
{
	own_is_full();
	page_task_switch_in(NULL);
	page_fill_zero(page, 0, 1);
}

static void full_when_left(void)
{
	own_is_full();
	page_task_switch_out(task);
	page_fill_zero(page, 0, 1);
}

static void full_when_deleted(void)
{
	own_is_full();
	page_task_delete(task);
	page_fill_zero(page, 0, 1);
}

static void test_full(void)
{
	task = page_task_new("has room");
	ok(aborts_with(full_back, "map-overflow"), "%s: full, after another task", mode_name);
	ok(aborts_with(full_when_left, "map-overflow"), "%s: full, after another task left", mode_name);
	ok(aborts_with(full_when_deleted, "map-overflow"), "%s: full, after another task's end", mode_name);
	page_task_delete(task);
}

static void test_freed(void)
{
	ok(aborts_with_or(freed_read, "use-after-free", POISONED), "%s: read of a dead page", mode_name);
	ok(aborts_with_or(freed_twice, "use-after-free", POISONED), "%s: double free", mode_name);
	ok(aborts_with_or(freed_get, "use-after-free", POISONED), "%s: page_get of the dead", mode_name);
	ok(aborts_with_or(freed_copy, "use-after-free", POISONED), "%s: copy of the dead", mode_name);
	ok(!ends_abnormally(freed_but_bad_range), "%s: bounds come before death", mode_name);
	ok(aborts_with_or(full_and_freed, "use-after-free", POISONED), "%s: death before overflow",
	   mode_name);
	ok(aborts_with(full, "map-overflow"), "%s: a raw call is a 17th mapping", mode_name);
	ok(aborts_with(one_left_for_copy, "map-overflow"), "%s: page_copy needs two", mode_name);
	ok(aborts_with(copy_freed_source_one_left, "map-overflow"), "%s: destination first", mode_name);
}

static void test_lifetime(void)
{
	struct page *mine;

	errno = 0;
	ok(!page_alloc(0) && errno == EINVAL, "no context is an error");
	ok(!page_alloc(GFP_KERNEL | GFP_ATOMIC), "two contexts are an error");
	ok(!page_alloc(GFP_KERNEL | 0x1000), "an unknown bit is an error");
	mine = page_alloc(GFP_KERNEL | __GFP_ZERO);
	page_get(mine);
	ok(page_ref_count(mine) == 2, "page_get counts");
	page_free(mine);
	page_free(mine);
	page_free(NULL);
	ok(page_nid(page) == 0, "node 0");
}

static void checks(void)
{
	page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_ZERO);
	test_align();
	test_lifetime();
	test_ranges();
	test_exact();
	test_crowded();
	test_copy_self();
	test_freed();
	test_full();
	page_free(page);
	page_free(other);
}

UNIT_TEST(test_page_raw)
{
	run_in_map_modes(checks);
}
