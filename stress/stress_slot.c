/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Slots, each with a lock, under which threads add and remove the slot's page. The scenarios:
 *
 *   `slot`    two threads may each allocate a page for one slot without the slot's lock; the second thread
 *             that locks the slot frees its own page. A shrinker frees a slot's page unless another thread
 *             has the lock.
 *   `sparse`  a slot without a page reads as zeros, and a page is freed when all its bytes are 0. Each word
 *             of 8 bytes belongs to one thread. The lock protects the slot's pointer to its page. A reader
 *             gets a reference to the page, and then reads bytes without the lock.
 *
 * The errors to find (A and B are threads; S is a shrinker):
 *
 *   Error 1: Two threads store a page in the same slot:
 *        A: finds no page, allocates     B: finds no page, allocates
 *        A: lock, stores its page        B: lock, does not test again, stores its own page:
 *                                           A's page is lost.
 *   Error 2: The shrinker frees a page without the lock:
 *        A: lock, finds the page         S: removes it, frees it
 *        A: reads bytes of a freed page, or of a page that was allocated in its place.
 *   Error 3: A page is reused before its quarantine ends, or is in two slots at once; the page's tag
 *     identifies its owner.
 *   Error 4: The library's count of pages is wrong: at the end every page must be freed or in a slot.
 *   Error 5: A page is freed too early:
 *        A: clears its last value        B: writes its first value
 *        A: counts 0, frees the page     B: reads zero, or a freed page.
 *   Error 6: The drop of a reader's last reference does not free the page, or an earlier drop frees the
 *     page [P52] [P56]:
 *        A: gets a reference, unlocks    B: clears the last value, drops the slot's reference
 *        A: reads, drops.
 *   Error 7: A new page in place of a freed one is not all zeros [P34] [P43].
 *
 * Error 2 needs a shrinker that runs between two instructions of another thread, and errors 5 and 6 need two
 * threads that access a page with one value at the same time: run for seconds. At the end of a correct run of
 * sparse, every page was freed or has a value.
 */
#include <pthread.h>

#include "stress/tagged.h"

#define SLOTS        4
#define SPARSE_SLOTS 2
#define VALUES       (PAGE_SIZE / sizeof(uint64_t))
#define OWN_VALUES   2 /* values of one thread in one page; few, so that pages become empty */

#define EMPTY_SLOT                                \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

static struct slot {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	uint64_t tag; /* the tag of the page; the scenario sparse does not use it */
} slots[SLOTS] = { EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT, EMPTY_SLOT };

/* ---- slot ---- */

static struct slot *pick_and_record_slot(struct stress_thread *self)
{
	size_t slot_index = stress_pick_number(self, SLOTS);

	stress_record_access(self, slot_index, 0, PAGE_SIZE, 0);
	return &slots[slot_index];
}

static void fill_slot_if_empty(struct stress_thread *self)
{
	struct slot *slot = pick_and_record_slot(self);
	struct page *page;
	bool is_empty;
	uint64_t tag;

	pthread_mutex_lock(&slot->lock);
	is_empty = !slot->page;
	pthread_mutex_unlock(&slot->lock);
	page = is_empty ? stress_alloc_page(self, GFP_KERNEL) : NULL;
	if (!page)
		return;
	tag = tagged_write_page_with_next_tag(self, page);
	if (stress_injects_bug("both-win"))
		stress_let_other_threads_run();
	pthread_mutex_lock(&slot->lock);
	if (!slot->page || stress_injects_bug("both-win")) {
		slot->page = page;
		slot->tag = tag;
		page = NULL;
	}
	pthread_mutex_unlock(&slot->lock);
	if (page) /* another thread has stored its page in the slot */
		stress_free_page(self, page);
}

static void check_slot_page(struct stress_thread *self)
{
	struct slot *slot = pick_and_record_slot(self);
	struct page *page;
	uint64_t tag;

	pthread_mutex_lock(&slot->lock);
	page = slot->page;
	tag = slot->tag;
	if (page && stress_injects_bug("no-lock"))
		stress_let_other_threads_run();
	if (page)
		tagged_check_page(self, "page of a slot", page, tag);
	pthread_mutex_unlock(&slot->lock);
}

/* The shrinker: checks and frees the page of a slot unless another thread has the slot's lock. */
static void try_to_check_and_free_slot_page(struct stress_thread *self)
{
	struct slot *slot = pick_and_record_slot(self);
	bool is_locked = !stress_injects_bug("no-lock");
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

static void check_and_free_slot_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		tagged_check_and_free_page(first, slots[i].page);
}

const struct stress_scenario stress_slot = {
	.operations = {
		{ "fill", 3, .run = fill_slot_if_empty },
		{ "use", 4, .run = check_slot_page },
		{ "shrink", 1, .run = try_to_check_and_free_slot_page },
	},
	.finish = check_and_free_slot_pages,
};

/* ---- sparse ---- */

static struct sparse_state {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected_values[SPARSE_SLOTS][OWN_VALUES];
} sparse_states[STRESS_THREADS_MAX];

/* A value of one thread: it is in the slot's page at @page_off, and must equal *@expected_value. */
struct value_location {
	struct slot *slot;
	uint64_t *expected_value;
	size_t page_off;
};

/* Even STRESS_THREADS_MAX threads have OWN_VALUES values each, because OWN_VALUES * 256 is VALUES. */
static struct value_location pick_and_record_own_value(struct stress_thread *self)
{
	size_t slot_index = stress_pick_number(self, SPARSE_SLOTS),
	       value_index = stress_pick_number(self, OWN_VALUES);
	size_t page_off = (value_index * STRESS_THREADS_MAX + self->thread_index) % VALUES * sizeof(uint64_t);

	stress_record_access(self, slot_index, page_off, sizeof(uint64_t), 0);
	return (struct value_location){
		&slots[slot_index],
		&sparse_states[self->thread_index].expected_values[slot_index][value_index], page_off
	};
}

static void lock_slot_unless_bug(struct slot *slot)
{
	if (!stress_injects_bug("no-lock"))
		pthread_mutex_lock(&slot->lock);
}

static void unlock_slot_unless_bug(struct slot *slot)
{
	if (!stress_injects_bug("no-lock"))
		pthread_mutex_unlock(&slot->lock);
}

static bool is_page_all_zeros(struct stress_thread *self, struct page *page)
{
	return stress_count_leading_zero_bytes(self, page, 0, PAGE_SIZE) == PAGE_SIZE;
}

static void remove_and_free_slot_page(struct stress_thread *self, struct slot *slot)
{
	struct page *freed = slot->page;

	slot->page = NULL;
	stress_free_page(self, freed);
}

static void write_value_and_store_as_expected(struct stress_thread *self,
					      const struct value_location *location, uint64_t value)
{
	stress_write_page(self, location->slot->page, &value, location->page_off, sizeof(value));
	if (stress_injects_bug("no-lock"))
		stress_let_other_threads_run();
	*location->expected_value = value;
}

static void fill_slot_and_store_value(struct stress_thread *self)
{
	struct value_location location = pick_and_record_own_value(self);

	lock_slot_unless_bug(location.slot);
	if (!location.slot->page)
		location.slot->page = stress_alloc_page(self, GFP_KERNEL | __GFP_ZERO);
	if (location.slot->page)
		write_value_and_store_as_expected(self, &location, tagged_make_next_tag(self));
	unlock_slot_unless_bug(location.slot);
}

static void clear_value_and_free_empty_page(struct stress_thread *self)
{
	struct value_location location = pick_and_record_own_value(self);

	lock_slot_unless_bug(location.slot);
	if (location.slot->page && *location.expected_value) {
		write_value_and_store_as_expected(self, &location, 0);
		if (stress_injects_bug("early") || is_page_all_zeros(self, location.slot->page))
			remove_and_free_slot_page(self, location.slot);
	}
	unlock_slot_unless_bug(location.slot);
}

static void check_own_value(struct stress_thread *self)
{
	struct value_location location = pick_and_record_own_value(self);
	struct page *page;
	uint64_t found = 0; /* the value if the slot has no page */

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
	stress_report_failure(self, "value of thread %u at page %u+0x%zx: expected 0x%llx, found 0x%llx",
			      self->thread_index, (unsigned int)(location.slot - slots), location.page_off,
			      (unsigned long long)*location.expected_value, (unsigned long long)found);
	*location.expected_value = found;
}

static void check_and_free_sparse_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < SPARSE_SLOTS; i++) {
		if (!slots[i].page)
			continue;
		stress_expect_equal(first, "pages without a value", is_page_all_zeros(first, slots[i].page),
				    0);
		remove_and_free_slot_page(first, &slots[i]);
	}
}

const struct stress_scenario stress_sparse = {
	.operations = {
		{ "store", 2, .run = fill_slot_and_store_value },
		{ "clear", 3, .run = clear_value_and_free_empty_page },
		{ "load", 3, .run = check_own_value },
	},
	.finish = check_and_free_sparse_pages,
};
