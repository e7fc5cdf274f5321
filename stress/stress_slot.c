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
	uint64_t tag;             /* of slot */
	unsigned int value_count; /* of sparse: those that are not 0 */
} slots[SLOTS] = { EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT };

/* ---- slot ---- */

static struct slot *pick_slot(struct stress_thread *self)
{
	size_t nth = stress_random(self, SLOTS);

	stress_record_range(self, nth, 0, PAGE_SIZE, 0);
	return &slots[nth];
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
struct location {
	struct slot *slot;
	uint64_t *expected;
	size_t off;
};

/* Even with the most threads each has KEPT values of its own in a page: KEPT * 256 is VALUES. */
static struct location pick_location(struct stress_thread *self)
{
	size_t page = stress_random(self, SPARSE_SLOTS), nth = stress_random(self, KEPT);
	size_t off = (nth * STRESS_THREADS_MAX + self->thread_index) % VALUES * sizeof(uint64_t);

	stress_record_range(self, page, off, sizeof(uint64_t), 0);
	return (struct location) { &slots[page],
				 &owners[self->thread_index].expected[page][nth], off };
}

static void lock_unless_bug(struct slot *slot)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_lock(&slot->lock);
}

static void unlock_unless_bug(struct slot *slot)
{
	if (!stress_has_bug("no-lock"))
		pthread_mutex_unlock(&slot->lock);
}

static bool allocate_missing_page(struct stress_thread *self, struct slot *slot)
{
	if (slot->page)
		return true;
	slot->page = stress_alloc_page(self, GFP_KERNEL | __GFP_ZERO);
	slot->value_count = 0;
	return slot->page;
}

static void free_page(struct stress_thread *self, struct slot *slot)
{
	struct page *freed = slot->page;

	slot->page = NULL;
	stress_free_page(self, freed);
}

static void write_value(struct stress_thread *self, const struct location *at, uint64_t value)
{
	stress_write(self, at->slot->page, &value, at->off, sizeof(value));
	if (stress_has_bug("no-lock"))
		stress_widen_window();
	at->slot->value_count += !*at->expected && value;
	at->slot->value_count -= *at->expected && !value;
	*at->expected = value;
}

static void store_value(struct stress_thread *self)
{
	struct location at = pick_location(self);

	lock_unless_bug(at.slot);
	if (allocate_missing_page(self, at.slot))
		write_value(self, &at, tagged_next_tag(self));
	unlock_unless_bug(at.slot);
}

static void clear_value(struct stress_thread *self)
{
	struct location at = pick_location(self);
	unsigned int count_of_empty = stress_has_bug("early");

	lock_unless_bug(at.slot);
	if (at.slot->page && *at.expected) {
		write_value(self, &at, 0);
		if (at.slot->value_count <= count_of_empty)
			free_page(self, at.slot);
	}
	unlock_unless_bug(at.slot);
}

static void check_value(struct stress_thread *self)
{
	struct location at = pick_location(self);
	struct page *page;
	uint64_t found = 0; /* a missing page reads as zeros */

	lock_unless_bug(at.slot);
	page = at.slot->page;
	if (page)
		page_get(page);
	unlock_unless_bug(at.slot);
	if (page) {
		stress_read(self, page, &found, at.off, sizeof(found));
		page_free(page);
	}
	if (found == *at.expected)
		return;
	stress_fail(self, "value of thread %u at page %u+0x%zx: expected 0x%llx, found 0x%llx",
		    self->thread_index, (unsigned int)(at.slot - slots), at.off,
		    (unsigned long long)*at.expected, (unsigned long long)found);
	*at.expected = found;
}

static void free_slots(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SPARSE_SLOTS; i++) {
		if (!slots[i].page)
			continue;
		stress_expect(first, "pages without a value", !slots[i].value_count,
				    0);
		free_page(first, &slots[i]);
	}
}

const struct stress_scenario stress_sparse = {
	.operations = {
		{ "store", 2, .run = store_value },
		{ "clear", 3, .run = clear_value },
		{ "load", 3, .run = check_value },
	},
	.finish = free_slots,
};
