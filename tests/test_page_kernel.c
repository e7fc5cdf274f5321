/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests that code in kernel style works with page_kernel.h; this file is compiled as C and as C++. */
#include "page/page_kernel.h"

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
	get_page(a);
	ok(page_count(a) == 2 && page_to_nid(a) == 0, "get_page");
	put_page(a);
	put_page(a);
	put_page(b);
	/* [P296] */
	ok(PAGE_ALIGN(1) == PAGE_SIZE && offset_in_page(PAGE_SIZE + 3) == 3, "PAGE_ALIGN and offset_in_page");
}

static void test_vmalloc_to_page(void)
{
	char *buffer = (char *)page_buffer_alloc(2 * PAGE_SIZE);
	char byte = 3;

	memcpy_to_page(vmalloc_to_page(buffer + PAGE_SIZE), 7, &byte, 1);
	ok(buffer[PAGE_SIZE + 7] == 3, "vmalloc_to_page");
	page_buffer_free(buffer);
}

/* ---- out of bounds ---- */

static struct page *page_to_exceed;

static void copy_from_beyond_page_end(void)
{
	char bytes[2]; /* the destination of the copy */

	memcpy_from_page(bytes, page_to_exceed, PAGE_SIZE - 1, 2);
}

static void set_beyond_end(void)
{
	memset_page(page_to_exceed, PAGE_SIZE - 1, 1, 2);
}

static void set_no_bytes_beyond_end(void)
{
	memset_page(page_to_exceed, PAGE_SIZE + 1, 1, 0);
}

static bool ends_child_with_failure(void (*run)(void))
{
	int wait_status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &wait_status, 0) == pid && wait_status;
}

UNIT_TEST(test_page_kernel)
{
	test_copies();
	test_fills();
	test_vmalloc_to_page();
	page_to_exceed = alloc_page(GFP_KERNEL);
	/* [P295] */
	ok(ends_child_with_failure(copy_from_beyond_page_end), "a copy out of bounds ends the program");
	ok(ends_child_with_failure(set_beyond_end) && ends_child_with_failure(set_no_bytes_beyond_end),
	   "memset_page out of bounds ends the program");
	put_page(page_to_exceed);
}
