/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests that code in kernel style works with page_kernel.h; this file is compiled as C and as C++. */
#include "page/page_kernel.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

/* Return: whether the bytes [from, to) of the page are all @byte. */
static bool range_has_byte(struct page *page, size_t from, size_t to, int byte)
{
	char *addr = (char *)kmap_local_page(page);
	bool good = true;

	for (size_t i = from; i < to; i++)
		good &= addr[i] == (char)byte;
	kunmap_local(addr);
	return good && !page_task_depth(page_task_current());
}

static void test_copies(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	char bytes[24], got[24];

	memset(bytes, 0x35, sizeof(bytes));
	memcpy_to_page(page, PAGE_SIZE - sizeof(bytes), bytes, sizeof(bytes));
	/* [P294] */
	ok(range_has_byte(page, 0, PAGE_SIZE - 24, 0) &&
		   range_has_byte(page, PAGE_SIZE - 24, PAGE_SIZE, 0x35),
	   "memcpy_to_page");
	memcpy_from_page(got, page, PAGE_SIZE - sizeof(got), sizeof(got));
	ok(!memcmp(bytes, got, sizeof(got)), "memcpy_from_page");
	__free_page(page);
}

static void test_fills(void)
{
	struct page *a = alloc_page(GFP_KERNEL), *b = alloc_page(GFP_KERNEL);

	memset_page(a, 0, 1, PAGE_SIZE);
	clear_highpage(a);
	ok(range_has_byte(a, 0, PAGE_SIZE, 0), "clear_highpage");
	memset_page(a, 10, 0x7e, 3000);
	/* [P297] */
	ok(range_has_byte(a, 0, 10, 0) && range_has_byte(a, 10, 3010, 0x7e) &&
		   range_has_byte(a, 3010, PAGE_SIZE, 0),
	   "memset_page");
	memset_page(a, PAGE_SIZE, 1, 0);
	copy_highpage(b, a);
	ok(range_has_byte(b, 10, 3010, 0x7e), "copy_highpage");
	memzero_page(b, 20, 30);
	zero_user_segments(b, 60, 70, 80, 80);
	zero_user_segments(b, 99, 99, 105, 110);
	zero_user_segment(b, 120, 130);
	zero_user(b, 100, 1);
	/* [P298] [P299] */
	ok(range_has_byte(b, 20, 50, 0) && range_has_byte(b, 50, 60, 0x7e) && range_has_byte(b, 60, 70, 0) &&
		   range_has_byte(b, 70, 100, 0x7e) && range_has_byte(b, 100, 101, 0) &&
		   range_has_byte(b, 101, 105, 0x7e) && range_has_byte(b, 105, 110, 0) &&
		   range_has_byte(b, 110, 120, 0x7e) && range_has_byte(b, 120, 130, 0) &&
		   range_has_byte(b, 130, 3010, 0x7e),
	   "memzero_page, zero_user, zero_user_segment and zero_user_segments");
	memcpy_page(b, 0, a, 10, 8);
	ok(range_has_byte(b, 0, 8, 0x7e), "memcpy_page");
	put_page(a);
	put_page(b);
	/* [P296] */
	ok(PAGE_ALIGN(1) == PAGE_SIZE && offset_in_page(PAGE_SIZE + 3) == 3, "PAGE_ALIGN and offset_in_page");
}

/* The end of each first segment is before its start, so no segment has bytes. */
static void test_segments_without_bytes(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	memset_page(page, 0, 0x7e, PAGE_SIZE);
	zero_user_segments(page, 0x10000, 16, PAGE_SIZE + 1, PAGE_SIZE + 1);
	zero_user_segments(page, PAGE_SIZE + 1, PAGE_SIZE + 1, 0x10000, 16);
	zero_user_segment(page, 0x10000, 16);
	zero_user(page, 100, 0);
	/* [P299] */
	ok(range_has_byte(page, 0, PAGE_SIZE, 0x7e), "a segment without bytes has no effect");
	zero_user_segment(page, 8, 10);
	zero_user(page, 20, 2);
	/* [P298] */
	ok(range_has_byte(page, 0, 8, 0x7e) && range_has_byte(page, 8, 10, 0) &&
		   range_has_byte(page, 10, 20, 0x7e) && range_has_byte(page, 20, 22, 0) &&
		   range_has_byte(page, 22, PAGE_SIZE, 0x7e),
	   "zero_user and zero_user_segment write only their segment");
	put_page(page);
}

static void test_references(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	get_page(page);
	get_page(page);
	ok(page_count(page) == 3 && page_to_nid(page) == 0, "get_page adds a reference");
	put_page(page);
	ok(page_count(page) == 2, "put_page drops a reference");
	__free_page(page);
	ok(page_count(page) == 1, "__free_page drops a reference");
	put_page(page);
	/* [P294] [P48] */
	ok(!alloc_page(GFP_KERNEL | (gfp_t)0x10000), "alloc_page refuses unknown flags");
}

static void test_vmalloc_to_page(void)
{
	char *buffer = (char *)page_buffer_alloc(2 * PAGE_SIZE);
	char byte = 3;

	memcpy_to_page(vmalloc_to_page(buffer + PAGE_SIZE), 7, &byte, 1);
	ok(buffer[PAGE_SIZE + 7] == 3, "vmalloc_to_page");
	page_buffer_free(buffer);
}

/* ---- freed pages ---- */

static struct page *freed_page;

static void free_and_get_reference(void)
{
	__free_page(freed_page);
	get_page(freed_page);
}

static void put_twice(void)
{
	put_page(freed_page);
	put_page(freed_page);
}

static void get_node_of_freed_page(void)
{
	put_page(freed_page);
	page_to_nid(freed_page);
}

static void map_freed_page(void)
{
	put_page(freed_page);
	kmap_local_page(freed_page);
}

/* ---- out of bounds ---- */

static struct page *page_to_exceed, *other_page;

#define BIG_BYTES (2 * PAGE_SIZE)

static char big_bytes[BIG_BYTES];

/* A good range of a page, if half of the bits of the offset or of the length are lost. */
#define UPPER ((size_t)1 << (sizeof(size_t) * 4))

/* Defines the function @name, which calls @call with a bad range. */
#define EXCEED(name, call)     \
	static void name(void) \
	{                      \
		call;          \
	}

EXCEED(copy_from_beyond_end, memcpy_from_page(big_bytes, page_to_exceed, PAGE_SIZE - 1, 2))
EXCEED(copy_from_wide_offset, memcpy_from_page(big_bytes, page_to_exceed, UPPER, 2))
EXCEED(copy_from_wide_length, memcpy_from_page(big_bytes, page_to_exceed, 0, UPPER + 2))
EXCEED(copy_to_beyond_end, memcpy_to_page(page_to_exceed, PAGE_SIZE - 1, big_bytes, 2))
EXCEED(copy_to_wide_offset, memcpy_to_page(page_to_exceed, UPPER, big_bytes, 2))
EXCEED(copy_to_wide_length, memcpy_to_page(page_to_exceed, 0, big_bytes, UPPER + 2))
EXCEED(copy_beyond_end, memcpy_page(page_to_exceed, PAGE_SIZE - 1, other_page, 0, 2))
EXCEED(copy_to_wide_page_offset, memcpy_page(page_to_exceed, UPPER, other_page, 0, 2))
EXCEED(copy_from_wide_page_offset, memcpy_page(page_to_exceed, 0, other_page, UPPER, 2))
EXCEED(copy_wide_length, memcpy_page(page_to_exceed, 0, other_page, 0, UPPER + 2))
EXCEED(zero_beyond_end, memzero_page(page_to_exceed, PAGE_SIZE - 1, 2))
EXCEED(zero_wide_offset, memzero_page(page_to_exceed, UPPER, 2))
EXCEED(zero_wide_length, memzero_page(page_to_exceed, 0, UPPER + 2))
EXCEED(set_beyond_end, memset_page(page_to_exceed, PAGE_SIZE - 1, 1, 2))
EXCEED(set_pieces_beyond_end, memset_page(page_to_exceed, PAGE_SIZE - 300, 1, 500))
EXCEED(set_no_bytes_beyond_end, memset_page(page_to_exceed, PAGE_SIZE + 1, 1, 0))
EXCEED(set_wide_offset, memset_page(page_to_exceed, UPPER, 1, 2))
EXCEED(set_wide_length, memset_page(page_to_exceed, 0, 1, UPPER + 2))
EXCEED(zero_first_segment_beyond_end, zero_user_segments(page_to_exceed, 0, 0x10002, 0, 0))
EXCEED(zero_second_segment_beyond_end, zero_user_segments(page_to_exceed, 0, 0, 0, 0x10002))
EXCEED(zero_segment_beyond_end, zero_user_segment(page_to_exceed, 0, 0x10002))
EXCEED(zero_start_beyond_end, zero_user(page_to_exceed, 0x10000, 2))
EXCEED(zero_size_beyond_end, zero_user(page_to_exceed, 0, 0x10002))

/* A child that ends by a trap exits with this status if the page has its bytes, otherwise with 0. */
#define TRAPPED 3

static void exit_after_trap(int signal)
{
	(void)signal;
	_exit(range_has_byte(page_to_exceed, 0, PAGE_SIZE, 0x21) ? TRAPPED : 0);
}

/* __builtin_trap() raises SIGILL on some CPUs, and SIGTRAP on others. Return: the wait status of the child.
 */
static int run_in_child_and_catch_trap(void (*run)(void))
{
	int wait_status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		signal(SIGILL, exit_after_trap);
		signal(SIGTRAP, exit_after_trap);
		run();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &wait_status, 0) == pid ? wait_status : 0;
}

static const struct {
	void (*run)(void);
	const char *name;
} misuses[] = {
	{ free_and_get_reference, "get_page after __free_page" },
	{ put_twice, "put_page after put_page" },
	{ get_node_of_freed_page, "page_to_nid" },
	{ map_freed_page, "kmap_local_page" },
}, excesses[] = {
	{ copy_from_beyond_end, "memcpy_from_page beyond the end" },
	{ copy_from_wide_offset, "memcpy_from_page, a wide offset" },
	{ copy_from_wide_length, "memcpy_from_page, a wide length" },
	{ copy_to_beyond_end, "memcpy_to_page beyond the end" },
	{ copy_to_wide_offset, "memcpy_to_page, a wide offset" },
	{ copy_to_wide_length, "memcpy_to_page, a wide length" },
	{ copy_beyond_end, "memcpy_page beyond the end" },
	{ copy_to_wide_page_offset, "memcpy_page, a wide offset of the destination" },
	{ copy_from_wide_page_offset, "memcpy_page, a wide offset of the source" },
	{ copy_wide_length, "memcpy_page, a wide length" },
	{ zero_beyond_end, "memzero_page beyond the end" },
	{ zero_wide_offset, "memzero_page, a wide offset" },
	{ zero_wide_length, "memzero_page, a wide length" },
	{ set_beyond_end, "memset_page beyond the end" },
	{ set_pieces_beyond_end, "memset_page of many bytes beyond the end" },
	{ set_no_bytes_beyond_end, "memset_page of no bytes beyond the end" },
	{ set_wide_offset, "memset_page, a wide offset" },
	{ set_wide_length, "memset_page, a wide length" },
	{ zero_first_segment_beyond_end, "zero_user_segments, the first segment" },
	{ zero_second_segment_beyond_end, "zero_user_segments, the second segment" },
	{ zero_segment_beyond_end, "zero_user_segment" },
	{ zero_start_beyond_end, "zero_user, the start" },
	{ zero_size_beyond_end, "zero_user, the size" },
};

static void test_freed_pages(void)
{
	freed_page = alloc_page(GFP_KERNEL);
	for (size_t i = 0; i < sizeof(misuses) / sizeof(*misuses); i++)
		/* [P294] */
		ok(run_in_child_and_catch_trap(misuses[i].run), "%s of a freed page ends the program",
		   misuses[i].name);
	put_page(freed_page);
}

static void test_ranges_out_of_bounds(void)
{
	page_to_exceed = alloc_page(GFP_KERNEL);
	other_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	memset_page(page_to_exceed, 0, 0x21, PAGE_SIZE);
	for (size_t i = 0; i < sizeof(excesses) / sizeof(*excesses); i++) {
		int wait_status = run_in_child_and_catch_trap(excesses[i].run);

		/* [P295] */
		ok(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == TRAPPED,
		   "%s: the range ends the program by a trap, and the page keeps its bytes",
		   excesses[i].name);
	}
	put_page(page_to_exceed);
	put_page(other_page);
}

UNIT_TEST(test_page_kernel)
{
	test_copies();
	test_fills();
	test_segments_without_bytes();
	test_references();
	test_vmalloc_to_page();
	test_freed_pages();
	test_ranges_out_of_bounds();
}
