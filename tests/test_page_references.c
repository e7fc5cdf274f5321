/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests reference counts of any width. Sets the count itself, because so many calls would take too long. */
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

ACTION(get_one_too_many, page_get(make_page_with_references(UINT_MAX)))

static const struct child_case cases[] = {
	/* [P55] */
	{ get_one_too_many, "too-many-references",
	  "page_get of a page with UINT_MAX references is reported" },
};

UNIT_TEST(test_page_references)
{
	static const unsigned int counts[] = { UCHAR_MAX, SHRT_MAX, USHRT_MAX, INT_MAX, UINT_MAX - 1 };

	for (size_t i = 0; i < COUNT(counts); i++)
		/* [P52] [P64] */
		ok(counts_from(counts[i]), "a page can have %u references and one more", counts[i]);
	CHECK_CHILDREN(cases);
}
