/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that allocate pages, pass them on and free them. The scenarios:
 *
 *   `churn`  allocate, keep, pass on and free pages as fast as possible.
 *   `table`  the common page is like a page table: each entry of 8 bytes is 0 or the address of another page,
 *            its child. Threads change entries atomically, and allocate children while the common page is
 *            mapped. A child belongs to the thread that took its address from an entry.
 *
 * The errors to find (A and B are threads; the bytes of a page identify the thread that wrote them):
 *
 *   Error 1: One frame has two owners [P41]:
 *        A: takes the frame off the list        B: takes the same frame
 *        A: writes its bytes                    B: writes its bytes; A reads B's.
 *   Error 2: A page is reused before its quarantine ends, or has old contents despite
 *     __GFP_ZERO [P34] [P43]:
 *        A: frees                               B: allocates with __GFP_ZERO, finds A's bytes.
 *   Error 3: A reference is counted twice or not at all, so the page is freed too early or
 *     never [P52] [P56]:
 *        A: get, pass on, drop                  B: take, drop
 *        A: load the count                      B: get, but A's store of the count undoes it.
 *   Error 4: A page is not freed correctly if the thread that frees the page did not allocate it.
 *   Error 5: A child has two owners:
 *        A: load the entry                      B: load the entry
 *        A: store 0, frees the child            B: store 0, frees it again.
 *   Error 6: An entry is torn: the entry has half of one address and half of another.
 *   Error 7: B takes a page out of an entry, but does not see what A wrote to the page before storing it.
 *   Error 8: A store to one entry also writes back an old value of the next entry.
 *
 * At the end of a correct run every allocated page was freed. No known bug of the library causes errors 1, 2,
 * 3, 6 and 7: to search for these errors, run for minutes with --delays and more threads than CPUs.
 */
#include <unistd.h>

#include "stress/tagged.h"

#define KEPT_PAGES 32 /* maximal number of pages that a thread keeps */
#define REFERENCES 32 /* references to the common page that one operation gets and drops */

static struct churn_state {
	_Alignas(STRESS_CACHE_LINE) struct page *pages[KEPT_PAGES];
	uint64_t tags[KEPT_PAGES];
	bool has_leaked_descriptor;
} churn_states[STRESS_THREADS_MAX];

static void check_page_is_zero(struct stress_thread *self, struct page *page)
{
	stress_expect_equal(self, "zeros of a page of __GFP_ZERO",
			    (long)stress_count_leading_zero_bytes(self, page, 0, PAGE_SIZE), PAGE_SIZE);
}

static size_t pick_and_record_kept_index(struct stress_thread *self)
{
	size_t kept_index = stress_pick_number(self, KEPT_PAGES);

	stress_record_access(self, kept_index, 0, PAGE_SIZE, 0);
	return kept_index;
}

static void check_and_replace_kept_page(struct stress_thread *self)
{
	struct churn_state *state = &churn_states[self->thread_index];
	size_t kept_index = pick_and_record_kept_index(self);
	bool must_be_zero = stress_pick_number(self, 2);

	if (state->pages[kept_index]) {
		tagged_check_page(self, "page", state->pages[kept_index], state->tags[kept_index]);
		stress_free_page(self, state->pages[kept_index]);
	}
	state->pages[kept_index] =
		stress_alloc_page(self, must_be_zero ? GFP_KERNEL | __GFP_ZERO : GFP_ATOMIC);
	if (!state->pages[kept_index])
		return;
	if (must_be_zero)
		check_page_is_zero(self, state->pages[kept_index]);
	state->tags[kept_index] = tagged_write_page_with_next_tag(self, state->pages[kept_index]);
}

/* Only allocates and frees, so that the rate of this operation shows how allocation scales with threads. */
static void alloc_and_free_page(struct stress_thread *self)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL);

	if (page)
		stress_free_page(self, page);
}

/* Puts a kept page into a random entry, and frees the page that was in the entry. */
static void put_kept_page_and_free_previous(struct stress_thread *self)
{
	struct page **kept = &churn_states[self->thread_index].pages[pick_and_record_kept_index(self)],
		    *page = *kept, *previous_page;

	if (!page)
		return;
	*kept = NULL;
	previous_page = entries_exchange_random_entry(self, page);
	if (stress_injects_bug("double"))
		page_free(page);
	if (stress_injects_bug("keeps"))
		page_fill_zero(page, 100, 100);
	tagged_check_and_free_page(self, previous_page);
}

static void check_random_kept_page_references(struct stress_thread *self)
{
	struct churn_state *state = &churn_states[self->thread_index];
	size_t kept_index = pick_and_record_kept_index(self);
	struct page *page = state->pages[kept_index];

	if (!page)
		return;
	page_get(page);
	stress_expect_equal(self, "references", page_ref_count(page), 2);
	page_free(page);
	tagged_check_page(self, "page", page, state->tags[kept_index]);
}

/* All threads get and drop references to the common page; none of them drops the last reference. */
static void get_and_drop_common_page(struct stress_thread *self)
{
	struct churn_state *state = &churn_states[self->thread_index];

	if (stress_injects_bug("opens") && !state->has_leaked_descriptor)
		state->has_leaked_descriptor = dup(STDERR_FILENO) >= 0;
	for (unsigned int i = 0; i < REFERENCES; i++) {
		page_get(current_run.common_page);
		page_free(current_run.common_page);
	}
}

static void free_kept_pages(struct stress_thread *self)
{
	for (unsigned int kept_index = 0; kept_index < KEPT_PAGES; kept_index++)
		if (churn_states[self->thread_index].pages[kept_index])
			stress_free_page(self, churn_states[self->thread_index].pages[kept_index]);
}

static void free_entries_and_check_common_page(struct stress_thread *first)
{
	stress_expect_equal(first, "references of the common page", page_ref_count(current_run.common_page),
			    1);
	entries_check_and_free_pages(first);
	check_page_is_zero(first, current_run.common_page);
}

const struct stress_scenario stress_churn = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "replace", 4, .run = check_and_replace_kept_page },
		{ "burst", 4, .run = alloc_and_free_page },
		{ "give", 2, .run = put_kept_page_and_free_previous },
		{ "refer", 2, .run = check_random_kept_page_references },
		{ "share", 1, .run = get_and_drop_common_page },
	},
	.finish_thread = free_kept_pages,
	.finish = free_entries_and_check_common_page,
};

/* ---- table ---- */

static void put_child_page_and_free_previous(struct stress_thread *self)
{
	void *mapped =
		page_map_local(current_run.common_page); /* the child is allocated while a page is mapped */
	struct page *child = tagged_alloc_and_write_page(self);
	struct page *previous_child = child ? entries_exchange_random_entry(self, child) : NULL;

	page_unmap_local(mapped);
	if (child && stress_injects_bug("keeps"))
		page_fill_zero(child, PAGE_SIZE / 2, 64);
	tagged_check_and_free_page(self, previous_child);
}

static void take_and_free_child_page(struct stress_thread *self)
{
	tagged_check_and_free_page(self, entries_exchange_random_entry(self, NULL));
}

/* Moves a child from one random entry to another, and frees the child that was in the other entry. */
static void move_child_page_and_free_previous(struct stress_thread *self)
{
	struct page *child = entries_exchange_random_entry(self, NULL);

	if (child)
		tagged_check_and_free_page(self, entries_exchange_random_entry(self, child));
}

const struct stress_scenario stress_table = {
	.gfp = GFP_KERNEL | __GFP_ZERO,
	.operations = {
		{ "put", 3, .run = put_child_page_and_free_previous },
		{ "take", 2, .run = take_and_free_child_page },
		{ "move", 2, .run = move_child_page_and_free_previous },
	},
	.finish = entries_check_and_free_pages,
};
