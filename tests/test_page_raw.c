/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests raw calls: the bounds of ranges (R1), and which bytes a call accesses (R2). */
#include "tests/page_test.h"

static struct page *page, *other;
static unsigned char buffer[PAGE_SIZE + 16];

static const struct {
	size_t off, len;
	bool is_valid;
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
	{ SIZE_MAX - 15, 32, false },
	{ SIZE_UPPER, 0, false },
	{ SIZE_UPPER, 1, false },
	{ 0, SIZE_UPPER + 1, false },
	{ SIZE_TOP, 1, false },
	{ SIZE_TOP, SIZE_TOP, false },
};

/* A callback that stores its argument @addr in *@ctx, and returns 7. */
static int store_address_and_return_7(void *addr, void *ctx)
{
	*(void **)ctx = addr;
	return 7;
}

/* Defines a function that makes one raw call with the range [off, off + len). */
#define CALL(call_name, expression)                         \
	static int call_##call_name(size_t off, size_t len) \
	{                                                   \
		return expression;                          \
	}

CALL(read, page_read_raw(page, buffer, off, len))
CALL(write, page_write_raw(page, buffer, off, len))
CALL(zero, page_fill_zero(page, off, len))
CALL(bytewise_read, page_read_bytewise_atomic(page, buffer, off, len))
CALL(bytewise_write, page_write_bytewise_atomic(page, buffer, off, len))
CALL(copy, page_copy(page, off, other, 0, len))
CALL(copy_from, page_copy(other, 0, page, off, len))

static int call_page_with_pointer(size_t off, size_t len)
{
	void *called_with = NULL;
	int ret = page_with_pointer(page, off, len, store_address_and_return_7, &called_with);

	return (ret == 7) == (called_with != NULL) && ret == 7 ? 0 : ret;
}

static const struct {
	const char *call_name;
	int (*call)(size_t off, size_t len);
	int written_byte; /* which byte the call writes to its range of `page`, or -1 */
} raw_calls[] = {
	{ "page_read_raw", call_read, -1 },
	{ "page_write_raw", call_write, 0x11 },
	{ "page_fill_zero", call_zero, 0 },
	{ "page_read_bytewise_atomic", call_bytewise_read, -1 },
	{ "page_write_bytewise_atomic", call_bytewise_write, 0x11 },
	{ "page_copy", call_copy, 0x22 },
	{ "page_copy from there", call_copy_from, -1 },
	{ "page_with_pointer", call_page_with_pointer, -1 },
};

static void test_ranges(void)
{
	for (size_t c = 0; c < COUNT(raw_calls); c++) {
		bool good = true;

		for (size_t i = 0; i < COUNT(ranges); i++)
			good &= raw_calls[c].call(ranges[i].off, ranges[i].len) ==
				(ranges[i].is_valid ? 0 : -EINVAL);
		/* [P1] [P14] [P117] [P119] [P125] [P126] [P133] [P137] [P140] [P145] [P151] [P157] */
		ok(good, "%s takes every range inside the page, and no other", raw_calls[c].call_name);
	}
}

static void fill_buffer_and_page(struct page *to, unsigned char byte)
{
	memset(buffer, byte, sizeof(buffer));
	page_write_raw(to, buffer, 0, PAGE_SIZE);
}

/* Return: whether @call accesses exactly its range (R2), for small ranges near both ends of the page. */
static bool writes_exactly_its_range(int (*call)(size_t off, size_t len), int written_byte)
{
	static unsigned char expected[PAGE_SIZE], after[PAGE_SIZE];
	bool good = true;

	fill_buffer_and_page(other, 0x22);
	for (size_t off = 0; off <= PAGE_SIZE; off += off == 16 ? 4060 - 16 : 1) {
		for (size_t len = 0; off + len <= PAGE_SIZE && len < 68; len += 3) {
			fill_buffer_and_page(page, 0x5a);
			memset(buffer, 0x11, sizeof(buffer));
			good &= call(off, len) == 0;
			page_read_raw(page, after, 0, PAGE_SIZE);
			memset(expected, 0x5a, PAGE_SIZE);
			memset(expected + off, written_byte, len);
			good &= !memcmp(expected, after, PAGE_SIZE);
		}
	}
	return good;
}

static bool fills_exactly_its_buffer(int (*call)(struct page *from, void *to, size_t off, size_t len))
{
	fill_buffer_and_page(page, 0x44);
	memset(buffer, 0x55, sizeof(buffer));
	return call(page, buffer + 3, 8, 5) == 0 && buffer[2] == 0x55 && buffer[3] == 0x44 &&
	       buffer[7] == 0x44 && buffer[8] == 0x55;
}

static void test_written_bytes(void)
{
	for (size_t c = 0; c < COUNT(raw_calls); c++)
		if (raw_calls[c].written_byte >= 0)
			/* [P2] [P134] [P135] [P138] [P146] [P147] [P152] */
			ok(writes_exactly_its_range(raw_calls[c].call, raw_calls[c].written_byte),
			   "%s writes exactly its range", raw_calls[c].call_name);
	/* [P130] */
	ok(fills_exactly_its_buffer(page_read_raw), "page_read_raw writes exactly its buffer");
	/* [P141] */
	ok(fills_exactly_its_buffer(page_read_bytewise_atomic),
	   "page_read_bytewise_atomic writes exactly its buffer");
}

static int read_byte(void *addr, void *ctx)
{
	(void)ctx;
	return *(unsigned char *)addr;
}

static void test_addresses_of_callbacks(void)
{
	unsigned char seven = 7;

	page_fill_zero(page, 0, PAGE_SIZE);
	page_write_raw(page, &seven, 100, 1);
	/* [P109] [P114] */
	ok(page_with_mapped(page, read_byte, NULL) == 0, "page_with_mapped passes the address of byte 0");
	/* [P115] [P121] */
	ok(page_with_pointer(page, 100, 1, read_byte, NULL) == 7,
	   "page_with_pointer passes the address of the first byte");
}

static struct page_task *return_no_task(void)
{
	return NULL;
}

/*
 * Tests the slow path of calls: tasks with fewer than two free mappings take it, and every call if a task
 * hook is set. The results must be those of the fast path.
 */
static void test_slow_path(void)
{
	static unsigned char user[16];
	void *maps[PAGE_TASK_MAPPINGS - 1];
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	bool exact = true;

	page_task_hook_set(return_no_task);
	for (int i = 0; i < PAGE_TASK_MAPPINGS - 2; i++)
		maps[i] = page_map_local(other);
	for (size_t c = 0; c < COUNT(raw_calls); c++)
		exact &= raw_calls[c].written_byte < 0 ||
			 writes_exactly_its_range(raw_calls[c].call, raw_calls[c].written_byte);
	ok(exact, "with two mappings left, every call writes exactly its range");
	maps[PAGE_TASK_MAPPINGS - 2] = page_map_local(other);
	ok(fills_exactly_its_buffer(page_read_raw),
	   "with one mapping left, page_read_raw reads exactly its range");
	ok(page_fill_zero(page, 8, 5) == 0 && page_read_bytewise_atomic(page, buffer, 8, 5) == 0 &&
		   page_write_bytewise_atomic(page, buffer, 8, 5) == 0 &&
		   page_copy_from_user_slice(page, &reader, 8, 5) == 0,
	   "with one mapping left, every call of one page works");
	for (int i = PAGE_TASK_MAPPINGS - 1; i-- > 0;)
		page_unmap_local(maps[i]);
	page_task_hook_set(NULL);
}

static void test_copy_to_same_page(void)
{
	/* [P153] */
	ok(page_copy(page, 0, page, 64, 64) == 0, "page_copy to adjacent bytes of the same page");
	/* [P158] */
	ok(page_copy(page, 0, page, 63, 64) == -EINVAL, "page_copy to earlier bytes that overlap by one");
	ok(page_copy(page, 63, page, 0, 64) == -EINVAL, "page_copy to later bytes that overlap by one");
	ok(page_copy(page, 8, page, 8, 0) == 0, "page_copy of no bytes overlaps nothing");
}

/* Does not use the first page of all: a mistake that uses it in place of a call's page must make a
 * difference. */
ACTION(allocate_two_pages, alloc_zeroed_page(), page = alloc_zeroed_page(), other = alloc_zeroed_page())
ACTION(free_two_pages, page_free(page), page_free(other))

UNIT_TEST_IN_MAP_MODES(test_page_raw, allocate_two_pages, test_ranges, test_written_bytes,
		       test_addresses_of_callbacks, test_slow_path, test_copy_to_same_page, free_two_pages)
