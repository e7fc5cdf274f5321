/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Slots whose pages come and go under a lock of the slot. The scenarios:
 *
 *   slot    two threads allocate a page for one slot without holding its lock, and the loser frees
 *           its page; a shrinker removes pages if it gets the lock at once (use pattern 6)
 *   sparse  a missing page reads as zeros, and a page is freed when it becomes empty; each 8 bytes
 *           belong to one thread; the lock protects the page's existence, and bytes are read with a
 *           reference and without the lock (use pattern 9)
 *
 * The interleavings to find:
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
 *   5. A page is freed too early:
 *        A: clears its last value        B: writes its first
 *        A: counts 0, frees the page     B: reads zero, or a freed page
 *   6. A reader's reference is the last but does not free, or the remover's frees:
 *        A: gets a reference, unlocks    B: clears the last value, drops its own
 *        A: reads, drops
 *   7. A new page in place of a freed one is not all zeros.
 *
 * For 2. the shrinker must run between two instructions: seconds, longer with --delays. For 5. and
 * 6. threads must access a page with one value at the same time: seconds. At the end every page of
 * sparse was freed or holds a value.
 */
#include <pthread.h>

#include "stress/tagged.h"

#define SLOTS        4
#define SPARSE_SLOTS 2
#define VALUES       (PAGE_SIZE / sizeof(uint64_t))
#define KEPT         2 /* values of one thread in one page, so that pages become empty */

#define EMPTY_SLOT { .lock = PTHREAD_MUTEX_INITIALIZER }

static struct slot {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	uint64_t tag; /* of the page, in the scenario slot */
} slots[SLOTS] = { EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT };

/* ---- slot ---- */

static struct slot *pick_slot(struct stress_thread *self)
{
	size_t slot_index = stress_pick_number(self, SLOTS);

	stress_record_access(self, slot_index, 0, PAGE_SIZE, 0);
	return &slots[slot_index];
}

static void fill_slot(struct stress_thread *self)
{
	struct slot *slot = pick_slot(self);
	struct page *page;
	bool is_empty;
	uint64_t tag;

	pthread_mutex_lock(&slot->lock);
	is_empty = !slot->page;
	pthread_mutex_unlock(&slot->lock);
	page = is_empty ? stress_alloc_page(self, GFP_KERNEL) : NULL;
	if (!page)
		return;
	tag = tagged_write_page(self, page);
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
		stress_free_page(self, page);
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

static void free_slot_page(struct stress_thread *self)
{
	struct slot *slot = pick_slot(self);
	bool is_locked = !stress_has_bug("no-lock");
	struct page *page;
	uint64_t tag;

	if (is_locked && pthread_mutex_trylock(&slot->lock))
		return;
	page = slot->page;
	tag = slot->tag;
	slot->page = NULL;
	if (is_locked)
		pthread_mutex_unlock(&slot->lock);
	if (!page)
		return;
	if (is_locked)
		tagged_check_page(self, "page of a slot", page, tag);
	stress_free_page(self, page);
}

static void free_slot_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		tagged_free_page(first, slots[i].page);
}

const struct stress_scenario stress_slot = {
	.operations = {
		{ "fill", 3, .run = fill_slot },
		{ "use", 4, .run = check_slot_page },
		{ "shrink", 1, .run = free_slot_page },
	},
	.finish = free_slot_pages,
};

/* ---- sparse ---- */

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected[SPARSE_SLOTS][KEPT];
} owners[STRESS_THREADS_MAX];

/* One value of the thread. */
struct value_location {
	struct slot *slot;
	uint64_t *expected_value;
	size_t page_off;
};

/* Even with the most threads each has KEPT values of its own in a page: KEPT * 256 is VALUES. */
static struct value_location pick_location(struct stress_thread *self)
{
	size_t slot_index = stress_pick_number(self, SPARSE_SLOTS),
	       value_index = stress_pick_number(self, KEPT);
	size_t page_off =
		(value_index * STRESS_THREADS_MAX + self->thread_index) % VALUES * sizeof(uint64_t);

	stress_record_access(self, slot_index, page_off, sizeof(uint64_t), 0);
	return (struct value_location){
		&slots[slot_index], &owners[self->thread_index].expected[slot_index][value_index],
		page_off
	};
}

static void lock_slot_unless_bug(struct slot *slot)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_lock(&slot->lock);
}

static void unlock_slot_unless_bug(struct slot *slot)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_unlock(&slot->lock);
}

static bool is_page_empty(struct stress_thread *self, struct page *page)
{
	return stress_count_zeros(self, page, 0, PAGE_SIZE) == PAGE_SIZE;
}

static void free_page_of_slot(struct stress_thread *self, struct slot *slot)
{
	struct page *freed = slot->page;

	slot->page = NULL;
	stress_free_page(self, freed);
}

static void write_value(struct stress_thread *self, const struct value_location *location,
			uint64_t value)
{
	stress_write_page(self, location->slot->page, &value, location->page_off, sizeof(value));
	if (stress_has_bug("no-lock"))
		stress_widen_window();
	*location->expected_value = value;
}

static void store_value(struct stress_thread *self)
{
	struct value_location location = pick_location(self);

	lock_slot_unless_bug(location.slot);
	if (!location.slot->page)
		location.slot->page = stress_alloc_page(self, GFP_KERNEL | __GFP_ZERO);
	if (location.slot->page)
		write_value(self, &location, tagged_next_tag(self));
	unlock_slot_unless_bug(location.slot);
}

static void clear_value(struct stress_thread *self)
{
	struct value_location location = pick_location(self);

	lock_slot_unless_bug(location.slot);
	if (location.slot->page && *location.expected_value) {
		write_value(self, &location, 0);
		if (stress_has_bug("early") || is_page_empty(self, location.slot->page))
			free_page_of_slot(self, location.slot);
	}
	unlock_slot_unless_bug(location.slot);
}

static void check_value(struct stress_thread *self)
{
	struct value_location location = pick_location(self);
	struct page *page;
	uint64_t found = 0; /* a missing page reads as zeros */

	lock_slot_unless_bug(location.slot);
	page = location.slot->page;
	if (page)
		page_get(page);
	unlock_slot_unless_bug(location.slot);
	if (page) {
		stress_read_page(self, page, &found, location.page_off, sizeof(found));
		page_free(page);
	}
	if (found == *location.expected_value)
		return;
	stress_fail(self, "value of thread %u at page %u+0x%zx: expected 0x%llx, found 0x%llx",
		    self->thread_index, (unsigned int)(location.slot - slots), location.page_off,
		    (unsigned long long)*location.expected_value, (unsigned long long)found);
	*location.expected_value = found;
}

static void free_sparse_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SPARSE_SLOTS; i++) {
		if (!slots[i].page)
			continue;
		stress_expect(first, "pages without a value", is_page_empty(first, slots[i].page),
			      0);
		free_page_of_slot(first, &slots[i]);
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
