/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Buffers of several pages, and borrowing from them (R12). */
#include "tests/page_test.h"

#include <errno.h>

#define BYTES 10000
#define POISONED "use-after-poison"

static unsigned char *buffer;

static void test_pages(void)
{
	struct page *page = NULL;
	unsigned int count = 0;
	bool good = true;
	void *addr;

	while ((page = page_buffer_next(buffer, page))) {
		good &= page == page_borrow(buffer + count * PAGE_SIZE + 77);
		good &= page_ref_count(page) == 1;
		count++;
	}
	ok(good && count == 3, "%s: 10,000 bytes are three pages", mode_name);
	ok(page_buffer_size(buffer) == BYTES, "%s: the size is what was asked for", mode_name);
	ok(!page_borrow(&good), "%s: a stranger's byte is no page", mode_name);
	page = page_alloc(GFP_KERNEL);
	addr = page_map_local(page);
	ok(!page_borrow(page_canonical(addr)), "%s: nor a single page's", mode_name);
	page_unmap_local(addr);
	page_free(page);
}

static void test_two_addresses(void)
{
	struct page *page = page_borrow(buffer + 5000);
	unsigned char *addr = page_map_local(page), byte;

	buffer[5000] = 0x21;
	ok(addr[5000 - PAGE_SIZE] == 0x21, "%s: the mapping sees the buffer", mode_name);
	addr[5001 - PAGE_SIZE] = 0x22;
	page_read_raw(page, &byte, 5001 - PAGE_SIZE, 1);
	ok(buffer[5001] == 0x22 && byte == 0x22, "%s: and the other way", mode_name);
	page_unmap_local(addr);
}

static void test_reference_outlives(void)
{
	unsigned char *mine = page_buffer_alloc(2 * PAGE_SIZE), byte = 0;
	struct page *page = page_borrow(mine + PAGE_SIZE);

	mine[PAGE_SIZE + 3] = 0x99;
	page_get(page);
	page_buffer_free(mine);
	ok(page_ref_count(page) == 1 && !page_read_raw(page, &byte, 3, 1) && byte == 0x99,
	   "%s: a reference keeps a page of a buffer that is gone", mode_name);
	page_free(page);
}

static void borrower_frees(void)
{
	page_free(page_borrow(buffer));
}

static void borrower_frees_own_and_more(void)
{
	struct page *page = page_borrow(buffer);

	page_get(page);
	page_free(page);
	page_free(page);
}

static void borrower_frees_own(void)
{
	struct page *page = page_borrow(buffer);

	page_get(page);
	page_free(page);
	if (page_ref_count(page) != 1)
		abort();
}

static void freed_twice(void)
{
	page_buffer_free(buffer);
	page_buffer_free(buffer);
}

static void freed_in_the_middle(void)
{
	page_buffer_free(buffer + PAGE_SIZE);
}

static void freed_stranger(void)
{
	int mine;

	page_buffer_free(&mine);
}

static void test_misuse(void)
{
	ok(aborts_with(borrower_frees, "borrowed-free"), "%s: a borrower frees", mode_name);
	ok(aborts_with(borrower_frees_own_and_more, "borrowed-free"), "%s: once too often", mode_name);
	ok(!ends_abnormally(borrower_frees_own), "%s: as often as it may", mode_name);
	ok(aborts_with_or(freed_twice, "use-after-free", POISONED), "%s: buffer freed twice", mode_name);
	ok(aborts_with(freed_in_the_middle, "foreign-map"), "%s: freed in the middle", mode_name);
	ok(aborts_with(freed_stranger, "foreign-map"), "%s: freed by a strange address", mode_name);
}

static void test_sizes(void)
{
	void *one;

	errno = 0;
	ok(!page_buffer_alloc(0) && errno == EINVAL, "%s: no bytes", mode_name);
	ok(!page_buffer_alloc(SIZE_MAX) && errno == ENOMEM, "%s: more than there is", mode_name);
	ok(!page_buffer_alloc(sizeof(size_t) > 4 ? (size_t)1 << 40 : SIZE_TOP), "%s: a terabyte",
	   mode_name);
	page_fail_nth(1);
	ok(!page_buffer_alloc(1), "%s: an injected failure", mode_name);
	one = page_buffer_alloc(1);
	ok(one && !page_buffer_next(one, page_borrow(one)), "%s: one byte is one page", mode_name);
	page_buffer_free(one);
	page_buffer_free(NULL);
}

/* Allocates more than the arena holds in total, so freed runs must be reused. */
static void test_reuse(void)
{
	enum { PAGES = 500, ROUNDS = 200 };
	bool good = true;

	for (int i = 0; i < ROUNDS && good; i++) {
		unsigned char *mine = page_buffer_alloc(PAGES * PAGE_SIZE);
		struct page *single = page_alloc(GFP_KERNEL);

		good = mine && single;
		if (mine)
			mine[0] = mine[PAGES * PAGE_SIZE - 1] = 1;
		page_buffer_free(mine);
		page_free(single);
	}
	ok(good, "%s: %d pages, again and again", mode_name, PAGES);
}

/* Injects each failure for many more pages than the arena has: none may be lost. */
static void test_failures_cost_nothing(void)
{
	enum { PAGES = 512, ROUNDS = 200 };
	void *one = NULL;
	bool good = true;

	for (int i = 0; i < ROUNDS && good; i++) {
		page_fail_nth(1);
		good = !page_buffer_alloc(PAGES * PAGE_SIZE);
	}
	if (good)
		one = page_buffer_alloc(PAGES * PAGE_SIZE);
	ok(one, "%s: %d pages are there after %d failures", mode_name, PAGES, ROUNDS);
	page_buffer_free(one);
}

static void checks(void)
{
	buffer = page_buffer_alloc(BYTES);
	test_pages();
	test_two_addresses();
	test_reference_outlives();
	test_misuse();
	test_sizes();
	test_reuse();
	test_failures_cost_nothing();
	page_buffer_free(buffer);
}

UNIT_TEST(test_page_buffer)
{
	run_in_map_modes(checks);
}
