/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * page_kernel.h: code in kernel style compiles and works. This is also a C++ source, because the
 * header supports both.
 */
#include "page/page_kernel.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

/* A byte store over pages that are allocated at the first write. */
struct sparse {
	struct page *pages[4];
};

static int sparse_write(struct sparse *s, size_t pos, const char *from, size_t len)
{
	while (len) {
		size_t index = pos >> PAGE_SHIFT, offset = offset_in_page(pos);
		size_t part = len < PAGE_SIZE - offset ? len : PAGE_SIZE - offset;

		if (!s->pages[index])
			s->pages[index] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!s->pages[index])
			return -1;
		memcpy_to_page(s->pages[index], offset, from, part);
		pos += part;
		from += part;
		len -= part;
	}
	return 0;
}

static void sparse_read(struct sparse *s, size_t pos, char *to, size_t len)
{
	while (len) {
		size_t index = pos >> PAGE_SHIFT, offset = offset_in_page(pos);
		size_t part = len < PAGE_SIZE - offset ? len : PAGE_SIZE - offset;

		if (s->pages[index])
			memcpy_from_page(to, s->pages[index], offset, part);
		else
			memset(to, 0, part);
		pos += part;
		to += part;
		len -= part;
	}
}

static bool all_are(struct page *page, size_t from, size_t to, int byte)
{
	char *addr = (char *)kmap_local_page(page);
	bool good = true;

	for (size_t i = from; i < to; i++)
		good &= addr[i] == (char)byte;
	kunmap_local(addr);
	return good && !page_task_depth(page_task_current());
}

static void test_sparse(void)
{
	struct sparse s = {};
	char bytes[24], got[24];

	memset(bytes, 0x35, sizeof(bytes));
	ok(!sparse_write(&s, PAGE_SIZE - 9, bytes, sizeof(bytes)), "written over a page's end");
	sparse_read(&s, PAGE_SIZE - 9, got, sizeof(got));
	ok(!memcmp(bytes, got, sizeof(got)), "read back");
	sparse_read(&s, 2 * PAGE_SIZE - 5, got, sizeof(got));
	ok(!got[0] && !got[23], "a missing page reads as zeros");
	for (int i = 0; i < 4; i++)
		__free_page(s.pages[i]);
}

static void test_whole(void)
{
	struct page *a = alloc_page(GFP_KERNEL), *b = alloc_page(GFP_KERNEL);

	clear_highpage(a);
	ok(all_are(a, 0, PAGE_SIZE, 0), "clear_highpage");
	memset_page(a, 10, 0x7e, 3000);
	ok(all_are(a, 0, 10, 0) && all_are(a, 10, 3010, 0x7e) && all_are(a, 3010, PAGE_SIZE, 0),
	   "memset_page");
	memset_page(a, PAGE_SIZE, 1, 0);
	copy_highpage(b, a);
	ok(all_are(b, 10, 3010, 0x7e), "copy_highpage");
	memzero_page(b, 20, 30);
	zero_user_segments(b, 60, 70, 80, 80);
	zero_user(b, 100, 1);
	ok(all_are(b, 20, 50, 0) && all_are(b, 60, 70, 0) && all_are(b, 70, 100, 0x7e) &&
		   all_are(b, 100, 101, 0),
	   "memzero_page and zero_user");
	memcpy_page(b, 0, a, 10, 8);
	ok(all_are(b, 0, 8, 0x7e), "memcpy_page");
	get_page(a);
	ok(page_count(a) == 2 && page_to_nid(a) == 0, "get_page");
	put_page(a);
	put_page(a);
	put_page(b);
	ok(PAGE_ALIGN(1) == PAGE_SIZE && offset_in_page(PAGE_SIZE + 3) == 3, "PAGE_ALIGN");
}

static void test_parts(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	memset_page(page, 0, 0x11, PAGE_SIZE);
	zero_user_segments(page, 9, 9, 20, 30);
	zero_user_segment(page, 40, 50);
	ok(all_are(page, 0, 20, 0x11) && all_are(page, 20, 30, 0) && all_are(page, 30, 40, 0x11) &&
		   all_are(page, 40, 50, 0) && all_are(page, 50, PAGE_SIZE, 0x11),
	   "zero_user_segments and zero_user_segment");
	put_page(page);
}

static void test_borrow(void)
{
	char *buffer = (char *)page_buffer_alloc(2 * PAGE_SIZE);
	char byte = 3;

	memcpy_to_page(vmalloc_to_page(buffer + PAGE_SIZE), 7, &byte, 1);
	ok(buffer[PAGE_SIZE + 7] == 3, "vmalloc_to_page");
	page_buffer_free(buffer);
}

/* ---- out of bounds ---- */

static struct page *beyond;

static void copy_beyond(void)
{
	char bytes[2];

	memcpy_from_page(bytes, beyond, PAGE_SIZE - 1, 2);
}

static void set_beyond(void)
{
	memset_page(beyond, PAGE_SIZE - 1, 1, 2);
}

static void set_far_beyond(void)
{
	memset_page(beyond, PAGE_SIZE + 1, 1, 0);
}

static bool traps(void (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status;
}

static void test_beyond(void)
{
	beyond = alloc_page(GFP_KERNEL);
	ok(traps(copy_beyond), "a copy out of bounds ends the program");
	ok(traps(set_beyond) && traps(set_far_beyond), "so does memset_page");
	put_page(beyond);
}

UNIT_TEST(test_page_kernel)
{
	test_sparse();
	test_whole();
	test_parts();
	test_borrow();
	test_beyond();
}
