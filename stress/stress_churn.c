/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that allocate pages, pass them on and free them. The scenarios:
 *
 *   churn  allocate, keep, pass on and free pages as fast as possible
 *   table  page tables: threads change a page of 8-byte entries with atomics at index * 8 while it
 *          is mapped, and meanwhile allocate children; a child belongs to the thread that took its
 *          address from an entry (use pattern 11)
 *
 * The interleavings to find:
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
 *   5. A child has two owners:
 *        A: load the entry                      B: load the entry
 *        A: store 0, frees the child            B: store 0, frees it again
 *   6. An entry is torn: half of one address and half of another. Each child's bytes identify the
 *      thread that made it.
 *   7. B takes a page out of an entry, but does not see what A wrote to it before A put it in.
 *   8. A neighbour's entry is written back with the own one.
 *
 * At the end every allocated page was freed. No bug in the library is known to cause 1. to 3., 6.
 * and 7.: run minutes with --delays and more threads than CPUs.
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

static void check_page_is_zero(struct stress_thread *self, struct page *page)
{
	stress_expect(self, "zeros of a page of __GFP_ZERO",
		      (long)stress_count_zeros(self, page, 0, PAGE_SIZE), PAGE_SIZE);
}

static size_t pick_kept_index(struct stress_thread *self)
{
	size_t kept_index = stress_pick_number(self, KEPT);

	stress_record_access(self, kept_index, 0, PAGE_SIZE, 0);
	return kept_index;
}

static void replace_page(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];
	size_t kept_index = pick_kept_index(self);
	bool must_be_zero = stress_pick_number(self, 2);

	if (owner->pages[kept_index]) {
		tagged_check_page(self, "page", owner->pages[kept_index], owner->tags[kept_index]);
		stress_free_page(self, owner->pages[kept_index]);
	}
	owner->pages[kept_index] =
		stress_alloc_page(self, must_be_zero ? GFP_KERNEL | __GFP_ZERO : GFP_ATOMIC);
	if (!owner->pages[kept_index])
		return;
	if (must_be_zero)
		check_page_is_zero(self, owner->pages[kept_index]);
	owner->tags[kept_index] = tagged_write_page(self, owner->pages[kept_index]);
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
		    *page = *kept, *previous_page;

	if (!page)
		return;
	*kept = NULL;
	previous_page = entries_exchange_page(self, page);
	if (stress_has_bug("double"))
		page_free(page);
	if (stress_has_bug("keeps"))
		page_fill_zero(page, 100, 100);
	tagged_free_page(self, previous_page);
}

static void check_reference_count(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];
	size_t kept_index = pick_kept_index(self);
	struct page *page = owner->pages[kept_index];

	if (!page)
		return;
	page_get(page);
	stress_expect(self, "references", page_ref_count(page), 2);
	page_free(page);
	tagged_check_page(self, "page", page, owner->tags[kept_index]);
}

/* All threads take and drop references of one page; none of them is the last. */
static void share_common_page(struct stress_thread *self)
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
	for (unsigned int kept_index = 0; kept_index < KEPT; kept_index++)
		if (owners[self->thread_index].pages[kept_index])
			stress_free_page(self, owners[self->thread_index].pages[kept_index]);
}

static void check_common_page(struct stress_thread *first)
{
	stress_expect(first, "references of the common page", page_ref_count(current_run.page), 1);
	entries_free_pages(first);
	check_page_is_zero(first, current_run.page);
}

const struct stress_scenario stress_churn = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "replace", 4, .run = replace_page },
		{ "burst", 4, .run = alloc_and_free },
		{ "give", 2, .run = pass_page_on },
		{ "refer", 2, .run = check_reference_count },
		{ "share", 1, .run = share_common_page },
	},
	.finish_thread = free_kept_pages,
	.finish = check_common_page,
};

/* ---- table ---- */

static void put_child(struct stress_thread *self)
{
	void *mapped = page_map_local(current_run.page); /* children are allocated meanwhile */
	struct page *child = tagged_alloc_page(self);
	struct page *previous_child = child ? entries_exchange_page(self, child) : NULL;

	page_unmap_local(mapped);
	if (child && stress_has_bug("keeps"))
		page_fill_zero(child, PAGE_SIZE / 2, 64);
	tagged_free_page(self, previous_child);
}

static void take_child(struct stress_thread *self)
{
	tagged_free_page(self, entries_exchange_page(self, NULL));
}

/* Moves a child from one entry to another; in between it is in neither. */
static void move_child(struct stress_thread *self)
{
	struct page *child = entries_exchange_page(self, NULL);

	if (child)
		tagged_free_page(self, entries_exchange_page(self, child));
}

const struct stress_scenario stress_table = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "put", 3, .run = put_child },
		{ "take", 2, .run = take_child },
		{ "move", 2, .run = move_child },
	},
	.finish = entries_free_pages,
};
