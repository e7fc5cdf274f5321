/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests reference counts, and numbers of allocations of a frame, of any width. Sets the numbers themselves,
 * because so many calls would take too long.
 */
#include <limits.h>
#include <stdatomic.h>

#include "page/arena.h"
#include "tests/page_test.h"

static struct page *make_page_with_references(unsigned int count)
{
	struct page *page = alloc_zeroed_page();

	atomic_store_explicit(&page->refs, count, memory_order_relaxed);
	return page;
}

/* Return: whether page_get() and page_free() change the count by 1 from @count up and down again. */
static bool counts_from(unsigned int count)
{
	struct page *page = make_page_with_references(count);
	bool good;

	page_get(page);
	good = page_ref_count(page) == count + 1;
	page_free(page);
	good &= page_ref_count(page) == count;
	atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
	page_free(page);
	return good;
}

static struct page *page_with_most_references;

ACTION(get_one_too_many, page_get(page_with_most_references))

static bool reports_page_with_most_references(void)
{
	const struct isolated *result;
	char expected[100];

	alloc_zeroed_page(); /* the first page of the library */
	page_with_most_references = make_page_with_references(UINT_MAX);
	result = run_in_child(get_one_too_many);
	snprintf(expected, sizeof(expected), "BUG: page: too-many-references: page_get of page %p by thread ",
		 (void *)page_with_most_references);
	return !strncmp(result->output, expected, strlen(expected)) &&
	       strstr(result->output, ": it has 4294967295 references\n");
}

/* Return: whether a buffer in a frame that was allocated @count times before is a buffer like any other. */
static bool buffer_is_known_after_allocations(unsigned int count)
{
	void *buffer = page_buffer_alloc(1), *again = NULL;
	struct page *page = page_borrow(buffer);
	bool good;

	page_buffer_free(buffer);
	page->generation = count;
	while (again != buffer) {
		page_buffer_free(again);
		again = page_buffer_alloc(1);
	}
	good = page_borrow(again) == page && page->generation != count;
	if (good)
		page_buffer_free(again);
	return good;
}

UNIT_TEST(test_page_references)
{
	static const unsigned int counts[] = { UCHAR_MAX, SHRT_MAX, USHRT_MAX, INT_MAX, UINT_MAX - 1 };
	static const unsigned int allocations[] = { 1,       UCHAR_MAX,    SHRT_MAX, USHRT_MAX,
						    INT_MAX, UINT_MAX - 1, UINT_MAX };

	for (size_t i = 0; i < COUNT(counts); i++)
		/* [P52] [P64] */
		ok(counts_from(counts[i]), "a page can have %u references and one more", counts[i]);
	/* [P55] [P22] */
	ok(reports_page_with_most_references(), "page_get of a page with UINT_MAX references is reported");
	for (size_t i = 0; i < COUNT(allocations); i++)
		/* [P214] */
		ok(buffer_is_known_after_allocations(allocations[i]),
		   "page_borrow: %u earlier pages in the frame", allocations[i]);
}
