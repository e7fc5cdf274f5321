/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A missing page reads as zeros, and a page is freed when it becomes empty (use pattern 9). Each 8
 * bytes belong to one thread. A page's lock protects its existence; bytes are read with a reference
 * and without the lock. The interleavings to find:
 *
 *   1. A page is freed too early:
 *        A: clears its last value               B: writes its first
 *        A: counts 0, frees the page            B: reads zero, or a freed page
 *   2. A reader's reference is the last but does not free, or the remover's frees:
 *        A: gets a reference, unlocks           B: clears the last value, drops its own
 *        A: reads, drops
 *   3. A new page in place of a freed one is not all zeros.
 *
 * For 1. and 2. threads must access a page with one value at the same time: seconds. At the end
 * every page was freed or holds a value.
 */
#include <pthread.h>

#include "stress/tagged.h"

#define SPARSE_PAGES 2
#define MISSING_PAGE { .lock = PTHREAD_MUTEX_INITIALIZER }
#define VALUES       (PAGE_SIZE / sizeof(uint64_t))
#define KEPT         2 /* values of one thread in one page, so that pages become empty */

static struct sparse_page {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	unsigned int value_count; /* that are not 0 */
} sparse_pages[SPARSE_PAGES] = { MISSING_PAGE, MISSING_PAGE };

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected[SPARSE_PAGES][KEPT];
} owners[STRESS_THREADS_MAX];

/* One value of the thread. */
struct location {
	struct sparse_page *in;
	uint64_t *expected;
	size_t off;
};

/* Even with the most threads each has KEPT values of its own in a page: KEPT * 256 is VALUES. */
static struct location pick_location(struct stress_thread *self)
{
	size_t page = stress_random(self, SPARSE_PAGES), nth = stress_random(self, KEPT);
	size_t off = (nth * STRESS_THREADS_MAX + self->thread_index) % VALUES * sizeof(uint64_t);

	stress_record_range(self, page, off, sizeof(uint64_t), 0);
	return (struct location) { &sparse_pages[page],
				 &owners[self->thread_index].expected[page][nth], off };
}

static void lock_unless_bug(struct sparse_page *page)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_lock(&page->lock);
}

static void unlock_unless_bug(struct sparse_page *page)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_unlock(&page->lock);
}

static bool allocate_missing_page(struct stress_thread *self, struct sparse_page *page)
{
	if (page->page)
		return true;
	page->page = stress_alloc_page(self, GFP_KERNEL | __GFP_ZERO);
	page->value_count = 0;
	return page->page;
}

static void free_page(struct stress_thread *self, struct sparse_page *page)
{
	struct page *freed = page->page;

	page->page = NULL;
	stress_free_page(self, freed);
}

static void write_value(struct stress_thread *self, const struct location *at, uint64_t value)
{
	stress_write(self, at->in->page, &value, at->off, sizeof(value));
	if (stress_has_bug("no-lock"))
		stress_widen_window();
	at->in->value_count += !*at->expected && value;
	at->in->value_count -= *at->expected && !value;
	*at->expected = value;
}

static void store_value(struct stress_thread *self)
{
	struct location at = pick_location(self);

	lock_unless_bug(at.in);
	if (allocate_missing_page(self, at.in))
		write_value(self, &at, tagged_next_tag(self));
	unlock_unless_bug(at.in);
}

static void clear_value(struct stress_thread *self)
{
	struct location at = pick_location(self);
	unsigned int count_of_empty = stress_has_bug("early");

	lock_unless_bug(at.in);
	if (at.in->page && *at.expected) {
		write_value(self, &at, 0);
		if (at.in->value_count <= count_of_empty)
			free_page(self, at.in);
	}
	unlock_unless_bug(at.in);
}

static void check_value(struct stress_thread *self)
{
	struct location at = pick_location(self);
	struct page *page;
	uint64_t found = 0; /* a missing page reads as zeros */

	lock_unless_bug(at.in);
	page = at.in->page;
	if (page)
		page_get(page);
	unlock_unless_bug(at.in);
	if (page) {
		stress_read(self, page, &found, at.off, sizeof(found));
		page_free(page);
	}
	if (found == *at.expected)
		return;
	stress_fail(self, "value of thread %u at page %u+0x%zx: expected 0x%llx, found 0x%llx",
		    self->thread_index, (unsigned int)(at.in - sparse_pages), at.off,
		    (unsigned long long)*at.expected, (unsigned long long)found);
	*at.expected = found;
}

static void free_sparse_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SPARSE_PAGES; i++) {
		if (!sparse_pages[i].page)
			continue;
		stress_expect_count(first, "pages without a value", !sparse_pages[i].value_count,
				    0);
		free_page(first, &sparse_pages[i]);
	}
}

const struct stress_scenario stress_sparse = {
	.operations = {
		{ "store", 2, .run = store_value },
		{ "clear", 3, .run = clear_value },
		{ "load", 3, .run = check_value },
	},
	.finish = free_sparse_pages,
};
