/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests buffers of several pages, and borrowing pages of a buffer (R12). */
#include "tests/page_test.h"

#include <fnmatch.h>

#include "harness/library.h"

#define BYTES 10000

static unsigned char *buffer;

ACTION(allocate_buffer, buffer = page_buffer_alloc(BYTES))
ACTION(free_buffer, page_buffer_free(buffer))

static void test_pages_of_buffer(void)
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
	/* [P197] [P200] [P214] [P222] [P224] [P225] */
	ok(good && count == 3, "10,000 bytes are three pages");
	/* [P212] */
	ok(page_buffer_size(buffer) == BYTES, "page_buffer_size is the size of the allocation");
	/* [P215] [P221] */
	ok(!page_borrow(&good), "page_borrow of an address outside of all buffers is NULL");
	page = page_alloc(GFP_KERNEL);
	addr = page_map_local(page);
	/* [P221] */
	ok(!page_borrow(page_canonical(addr)), "page_borrow of a page that is in no buffer is NULL");
	page_unmap_local(addr);
	page_free(page);
}

static void test_mapping_of_borrowed_page(void)
{
	struct page *page = page_borrow(buffer + 5000);
	unsigned char *addr = page_map_local(page), byte;

	buffer[5000] = 0x21;
	/* [P219] */
	ok(addr[5000 - PAGE_SIZE] == 0x21, "a mapping of a borrowed page shows a store to the buffer");
	addr[5001 - PAGE_SIZE] = 0x22;
	page_read_raw(page, &byte, 5001 - PAGE_SIZE, 1);
	ok(buffer[5001] == 0x22 && byte == 0x22, "the buffer shows a store through the mapping");
	page_unmap_local(addr);
}

/* Makes the calls that access pages with a borrowed page. Return: whether they have the results of any page.
 */
static bool calls_accept(struct page *borrowed)
{
	struct page *other = alloc_zeroed_page();
	struct user_slice_reader reader = make_user_slice_reader("user", 4);
	char bytes[4] = "";
	bool good = true;

	good &= !page_write_raw(borrowed, "page", 10, 4) && !page_read_raw(borrowed, bytes, 10, 4);
	good &= !memcmp(bytes, "page", 4);
	good &= !page_copy(other, 0, borrowed, 10, 4) && !page_copy(borrowed, 20, other, 0, 4);
	good &= !page_read_bytewise_atomic(borrowed, bytes, 20, 4) && !memcmp(bytes, "page", 4);
	good &= !page_write_bytewise_atomic(borrowed, "atom", 20, 4) && !page_fill_zero(borrowed, 10, 4);
	good &= !page_copy_from_user_slice(borrowed, &reader, 30, 4);
	page_free(other);
	return good;
}

static void test_calls_of_borrowed_page(void)
{
	struct page *borrowed = page_borrow(buffer + 2 * PAGE_SIZE);
	const unsigned char *bytes = buffer + 2 * PAGE_SIZE;

	/* [P217] */
	ok(calls_accept(borrowed) && calls_accept(borrowed) && !bytes[10] && !memcmp(bytes + 20, "atom", 4) &&
		   !memcmp(bytes + 30, "user", 4),
	   "a borrower may pass a page to each call that accesses pages");
}

static void test_reference_to_freed_buffer(void)
{
	unsigned char *other = page_buffer_alloc(2 * PAGE_SIZE), byte = 0;
	struct page *page = page_borrow(other + PAGE_SIZE);

	other[PAGE_SIZE + 3] = 0x99;
	page_get(page);
	page_buffer_free(other);
	/* [P209] [P218] */
	ok(page_ref_count(page) == 1 && !page_read_raw(page, &byte, 3, 1) && byte == 0x99,
	   "a reference keeps the page of a freed buffer");
	page_free(page);
}

ACTION(free_borrowed, page_free(page_borrow(buffer)))

static void get_and_free_own_reference(void)
{
	struct page *page = page_borrow(buffer);

	page_get(page);
	page_free(page);
	if (page_ref_count(page) != 1)
		abort();
}

ACTION(free_own_reference_and_more, get_and_free_own_reference(), free_borrowed())
ACTION(free_twice, page_buffer_free(buffer), page_buffer_free(buffer))
ACTION(free_middle, page_buffer_free(buffer + PAGE_SIZE))
ACTION(free_second_byte, page_buffer_free(buffer + 1))

ACTION(borrow_from_freed_buffer, free_buffer(), page_borrow(buffer))
ACTION(get_size_of_freed_buffer, free_buffer(), page_buffer_size(buffer))
ACTION(iterate_over_freed_buffer, free_buffer(), page_buffer_next(buffer, NULL))
ACTION(iterate_over_no_buffer, page_buffer_next(&buffer, NULL))
ACTION(free_no_buffer, page_buffer_free(&buffer))
ACTION(get_size_of_no_buffer, page_buffer_size(&buffer))

static const struct child_case misuse_cases[] = {
	/* [P13] [P62] [P216] */
	{ free_borrowed, "borrowed-free", "a borrower frees the page" },
	/* [P218] */
	{ get_and_free_own_reference, RETURNS, "a borrower frees its own reference" },
	{ free_own_reference_and_more, "borrowed-free", "a borrower frees one reference too many" },
	/* [P207] [P210] */
	{ free_twice, "use-after-free", "a buffer is freed twice" },
	/* [P211] */
	{ free_middle, "foreign-map", "page_buffer_free of an address inside a buffer" },
	{ free_second_byte, "foreign-map", "page_buffer_free of an address in the first page of a buffer" },
	/* [P220] */
	{ borrow_from_freed_buffer, "use-after-free", "page_borrow of an address in a freed buffer" },
	/* [P213] */
	{ get_size_of_freed_buffer, "use-after-free", "page_buffer_size of a freed buffer" },
	/* [P223] */
	{ iterate_over_freed_buffer, "use-after-free", "page_buffer_next of a freed buffer" },
	{ iterate_over_no_buffer, "foreign-map", "page_buffer_next of an address outside of all buffers" },
	{ free_no_buffer, "foreign-map", "page_buffer_free of an address outside of all buffers" },
	/* [P213] */
	{ get_size_of_no_buffer, "foreign-map", "page_buffer_size of an address outside of all buffers" },
};

ACTION(test_misuse, CHECK_CHILDREN(misuse_cases))

/* Calls of a task with the name alpha. */
#define ALPHA_CALL(name, ...)                                \
	static IN_CALLER_SECTION void name(void)             \
	{                                                    \
		page_task_switch_in(page_task_new("alpha")); \
		__VA_ARGS__;                                 \
		PREVENT_TAIL_CALL;                           \
	}

ALPHA_CALL(alpha_frees_no_buffer, page_buffer_free(&buffer))
ALPHA_CALL(alpha_frees_middle, page_buffer_free(buffer + PAGE_SIZE))
ALPHA_CALL(alpha_gets_size_of_freed_buffer, free_buffer(), page_buffer_size(buffer))

static const struct {
	void (*run)(void);
	const char *pattern, *check_name; /* @pattern: shell pattern for the report */
} report_cases[] = {
	/* [P22] [P211] */
	{ alpha_frees_no_buffer, "*: page_buffer_free of 0x* by alpha at 0x*: no buffer was ever there\n",
	  "the report of an address outside of all buffers" },
	{ alpha_frees_middle, "*: page_buffer_free of 0x* by alpha at 0x*: no buffer begins there\n",
	  "the report of an address inside a buffer" },
	/* [P22] [P213] */
	{ alpha_gets_size_of_freed_buffer, "*: page_buffer_size of the freed page 0x* by alpha at 0x*\n",
	  "the report of a freed buffer" },
};

/* Checks the words of reports, unless a sanitizer reports first. */
static void test_reports(void)
{
	for (size_t i = 0; library_get()->report_names_the_call && i < COUNT(report_cases); i++) {
		const struct isolated *result = run_in_child(report_cases[i].run);

		check_child_result(strstr(result->output, "Sanitizer") ||
					   (!fnmatch(report_cases[i].pattern, result->output, 0) &&
					    report_names_only_callers(result->output)),
				   report_cases[i].check_name, report_cases[i].pattern, result);
	}
}

static void test_refused_and_smallest_buffers(void)
{
	void *one;

	errno = 0;
	/* [P204] */
	ok(!page_buffer_alloc(0) && errno == EINVAL, "a buffer of no bytes is EINVAL");
	/* [P205] */
	ok(!page_buffer_alloc(SIZE_MAX) && errno == ENOMEM, "a buffer of SIZE_MAX bytes is ENOMEM");
	ok(!page_buffer_alloc(sizeof(size_t) > 4 ? (size_t)1 << 40 : SIZE_TOP), "a terabyte is too large");
	page_fail_nth(1);
	/* [P206] [P253] */
	ok(!page_buffer_alloc(1), "a buffer's allocation fails by injection");
	one = page_buffer_alloc(1);
	/* [P198] [P203] */
	ok(one && !page_buffer_next(one, page_borrow(one)), "one byte is one page");
	page_buffer_free(one);
	/* [P208] */
	page_buffer_free(NULL);
}

/* Allocates more pages in total than the arena has, so runs of freed frames must be reused. */
static void test_reuse_of_frames(void)
{
	enum { PAGES = 500, ROUNDS = 200 };
	bool good = true;

	for (int i = 0; i < ROUNDS && good; i++) {
		unsigned char *large = page_buffer_alloc(PAGES * PAGE_SIZE);
		struct page *single = page_alloc(GFP_KERNEL);

		good = large && single;
		if (large)
			large[0] = large[PAGES * PAGE_SIZE - 1] = 1;
		page_buffer_free(large);
		page_free(single);
	}
	/* [P201] [P207] */
	ok(good, "a buffer of %d pages can be allocated %d times", PAGES, ROUNDS);
}

/* Makes allocations fail that need more pages in total than the arena has, so no failure may lose a page. */
static void test_failed_allocations(void)
{
	enum { PAGES = 512, ROUNDS = 200 };
	void *large = NULL;
	bool good = true;

	for (int i = 0; i < ROUNDS && good; i++) {
		page_fail_nth(1);
		good = !page_buffer_alloc(PAGES * PAGE_SIZE);
	}
	if (good)
		large = page_buffer_alloc(PAGES * PAGE_SIZE);
	ok(large, "%d pages can be allocated after %d failures", PAGES, ROUNDS);
	page_buffer_free(large);
}

UNIT_TEST_IN_MAP_MODES(test_page_buffer, allocate_buffer, test_pages_of_buffer, test_mapping_of_borrowed_page,
		       test_calls_of_borrowed_page, test_reference_to_freed_buffer, test_misuse, test_reports,
		       test_refused_and_smallest_buffers, test_reuse_of_frames, test_failed_allocations,
		       free_buffer)
