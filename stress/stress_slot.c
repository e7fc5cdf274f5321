/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Two threads allocate a page for one slot without holding its lock, and the loser frees its page;
 * a shrinker removes pages if it gets the lock at once (use pattern 6). The interleavings to find:
 *
 *   1. Both win:
 *        A: finds no page, allocates     B: finds no page, allocates
 *        A: lock, stores its page        B: lock, does not test again, stores its own:
 *                                           A's page is lost
 *   2. The shrinker does not lock:
 *        A: lock, finds the page         S: removes it, frees it
 *        A: reads bytes of a freed page, or of its next allocation
 *   3. A page is reused before its quarantine ends, or is in two slots at once: its tag identifies
 *      the owner.
 *   4. A count of pages that is right only with a single thread: at the end every page was freed or
 *      is in a slot.
 *
 * For 2. the shrinker must run between two instructions: seconds, longer with --delays.
 */
#include <pthread.h>

#include "stress/tagged.h"

#define SLOTS      4
#define EMPTY_SLOT { .lock = PTHREAD_MUTEX_INITIALIZER }

static struct slot {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	uint64_t tag;
} slots[SLOTS] = { EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT };

/* Pages that are not freed. Relaxed: the counter orders no threads. */
static atomic_long live_pages;

static struct slot *pick_slot(struct stress_thread *self)
{
	size_t nth = stress_random(self, SLOTS);

	stress_record_range(self, nth, 0, PAGE_SIZE, 0);
	return &slots[nth];
}

static bool is_slot_empty(struct slot *slot)
{
	bool is_empty;

	pthread_mutex_lock(&slot->lock);
	is_empty = !slot->page;
	pthread_mutex_unlock(&slot->lock);
	return is_empty;
}

/* More pages than one in each slot and one for each thread means that some are lost. */
static struct page *allocate_tagged_page(struct stress_thread *self, uint64_t *tag)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL);
	long most = SLOTS + (long)current_run.thread_count, others;

	if (!page)
		return NULL;
	others = atomic_fetch_add_explicit(&live_pages, 1, memory_order_relaxed);
	if (others == most)
		stress_fail(self,
			    "pages freed or in a slot: expected at most %ld others, found %ld",
			    most - 1, others);
	*tag = tagged_write_page(self, page);
	return page;
}

static void free_live_page(struct stress_thread *self, struct page *page)
{
	stress_free_page(self, page);
	atomic_fetch_sub_explicit(&live_pages, 1, memory_order_relaxed);
}

static void fill_slot(struct stress_thread *self)
{
	struct slot *slot = pick_slot(self);
	struct page *page;
	uint64_t tag = 0;

	page = is_slot_empty(slot) ? allocate_tagged_page(self, &tag) : NULL;
	if (!page)
		return;
	if (stress_has_bug("both-win"))
		stress_widen_window();
	pthread_mutex_lock(&slot->lock);
	if (!slot->page || stress_has_bug("both-win")) {
		slot->page = page;
		slot->tag = tag;
		page = NULL;
	}
	pthread_mutex_unlock(&slot->lock);
	if (page) /* another thread was faster */
		free_live_page(self, page);
}

static void check_slot_page(struct stress_thread *self)
{
	struct slot *slot = pick_slot(self);
	struct page *page;
	uint64_t tag;

	pthread_mutex_lock(&slot->lock);
	page = slot->page;
	tag = slot->tag;
	if (page && stress_has_bug("no-lock"))
		stress_widen_window();
	if (page)
		tagged_check_page(self, "page of a slot", page, tag);
	pthread_mutex_unlock(&slot->lock);
}

static void free_slot_page_unlocked(struct stress_thread *self, struct slot *slot)
{
	struct page *page = *(struct page *volatile *)&slot->page;

	*(struct page *volatile *)&slot->page = NULL;
	if (page)
		free_live_page(self, page);
}

static void free_slot_page(struct stress_thread *self)
{
	struct slot *slot = pick_slot(self);
	struct page *page;
	uint64_t tag;

	if (stress_has_bug("no-lock")) {
		free_slot_page_unlocked(self, slot);
		return;
	}
	if (pthread_mutex_trylock(&slot->lock))
		return;
	page = slot->page;
	tag = slot->tag;
	slot->page = NULL;
	pthread_mutex_unlock(&slot->lock);
	if (!page)
		return;
	tagged_check_page(self, "page of a slot", page, tag);
	free_live_page(self, page);
}

static void free_slot_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (!slots[i].page)
			continue;
		tagged_check_page(first, "page of a slot", slots[i].page, slots[i].tag);
		free_live_page(first, slots[i].page);
	}
}

const struct stress_scenario stress_slot = {
	.operations = {
		{ "fill", 3, .run = fill_slot },
		{ "use", 4, .run = check_slot_page },
		{ "shrink", 1, .run = free_slot_page },
	},
	.finish = free_slot_pages,
};
