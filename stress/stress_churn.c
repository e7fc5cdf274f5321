/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Allocation churn: threads allocate, keep, pass on and free pages as fast as they can. The
 * interleavings to find:
 *
 *   1. One frame has two owners:
 *        A: takes the frame off the list        B: takes the same frame
 *        A: writes its bytes                    B: writes its bytes; A reads B's
 *   2. A page is reused before its quarantine ends, or has old contents despite __GFP_ZERO:
 *        A: frees                               B: allocates with __GFP_ZERO, finds A's
 *   3. A reference is counted twice or not at all: the page is freed early or never.
 *        A: get, pass on, drop                  B: take, drop
 *        A: load the count                      B: get: A's store undoes it
 *   4. A page is freed on another thread than allocated it.
 *
 * At the end every allocated page was freed. No bug in the library is known to cause 1. to 3.: run
 * minutes with --delays and more threads than CPUs.
 */
#include <unistd.h>

#include "stress/tagged.h"

#define KEPT       32
#define REFERENCES 32 /* of the common page, taken in a row */

static struct owner {
	_Alignas(STRESS_CACHE_LINE) struct page *pages[KEPT];
	uint64_t tags[KEPT];
	bool has_opened;
} owners[STRESS_THREADS_MAX];

static void check_zero(struct stress_thread *self, struct page *page)
{
	stress_expect(self, "zeros of a page of __GFP_ZERO",
		      (long)stress_count_zeros(self, page, 0, PAGE_SIZE), PAGE_SIZE);
}

static size_t pick_kept_index(struct stress_thread *self)
{
	size_t nth = stress_random(self, KEPT);

	stress_record_range(self, nth, 0, PAGE_SIZE, 0);
	return nth;
}

static void replace_page(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];
	size_t nth = pick_kept_index(self);
	bool zero = stress_random(self, 2);

	if (owner->pages[nth]) {
		tagged_check_page(self, "page", owner->pages[nth], owner->tags[nth]);
		stress_free_page(self, owner->pages[nth]);
	}
	owner->pages[nth] = stress_alloc_page(self, zero ? GFP_KERNEL | __GFP_ZERO : GFP_ATOMIC);
	if (!owner->pages[nth])
		return;
	if (zero)
		check_zero(self, owner->pages[nth]);
	owner->tags[nth] = tagged_write_page(self, owner->pages[nth]);
}

/* Only allocates and frees; used to measure scaling. */
static void alloc_and_free(struct stress_thread *self)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL);

	if (page)
		stress_free_page(self, page);
}

static void pass_page_on(struct stress_thread *self)
{
	struct page **kept = &owners[self->thread_index].pages[pick_kept_index(self)],
		    *page = *kept, *before;

	if (!page)
		return;
	*kept = NULL;
	before = entries_exchange(self, page);
	if (stress_has_bug("double"))
		page_free(page);
	if (stress_has_bug("keeps"))
		page_fill_zero(page, 100, 100);
	tagged_free_page(self, before);
}

static void use_reference(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];
	size_t nth = pick_kept_index(self);
	struct page *page = owner->pages[nth];

	if (!page)
		return;
	page_get(page);
	stress_expect(self, "references", page_ref_count(page), 2);
	page_free(page);
	tagged_check_page(self, "page", page, owner->tags[nth]);
}

/* All threads take and drop references of one page; none of them is the last. */
static void share_page(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];

	if (stress_has_bug("opens") && !owner->has_opened)
		owner->has_opened = dup(STDERR_FILENO) >= 0;
	for (unsigned int i = 0; i < REFERENCES; i++) {
		page_get(current_run.page);
		page_free(current_run.page);
	}
}

static void free_kept_pages(struct stress_thread *self)
{
	for (unsigned int nth = 0; nth < KEPT; nth++)
		if (owners[self->thread_index].pages[nth])
			stress_free_page(self, owners[self->thread_index].pages[nth]);
}

static void check_common_page(struct stress_thread *first)
{
	stress_expect(first, "references of the common page",
			    page_ref_count(current_run.page), 1);
	entries_free_pages(first);
	check_zero(first, current_run.page);
}

const struct stress_scenario stress_churn = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "replace", 4, .run = replace_page },
		{ "burst", 4, .run = alloc_and_free },
		{ "give", 2, .run = pass_page_on },
		{ "refer", 2, .run = use_reference },
		{ "share", 1, .run = share_page },
	},
	.finish_thread = free_kept_pages,
	.finish = check_common_page,
};
