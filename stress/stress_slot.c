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
 *   3. A page is reused before its quarantine ends, or is in two slots at once: its tag names the
 *      owner.
 *   4. A count of pages that is right only with a single thread: at the end every page was freed or
 *      is in a slot.
 *
 * For 2. the shrinker must run between two instructions: seconds, longer with --delays.
 */
#include <pthread.h>

#include "stress/tagged.h"
#include "stress/stress.h"
#include "stress/message.h"

#define SLOTS 4

enum { HEALTHY, NO_LOCK, BOTH_WIN, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[NO_LOCK] = { "no-lock", "the shrinker does not lock", false },
	[BOTH_WIN] = { "both-win", "who allocated does not look again", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct slot {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	uint64_t tag;
} slots[SLOTS];

/* What each thread allocated and freed. */
static struct account {
	_Alignas(STRESS_CACHE_LINE) unsigned long allocated, freed;
	uint64_t generation;
} account[STRESS_THREADS_MAX];

/* Pages that are not freed. Relaxed: the counter orders no threads. */
static atomic_long alive;

/* More pages than one in each slot and one for each thread means that some are lost. */
static void count_allocation(struct stress_thread *self)
{
	long before = atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
	long most = SLOTS + (long)self->run->threads;

	account[self->index].allocated++;
	if (before == most)
		stress_fail(self, "pages freed or in a slot: expected at most %ld others, found %ld",
			    most - 1, before);
}

static void count_free(struct stress_thread *self)
{
	atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
	account[self->index].freed++;
}

static void start(struct stress_thread *first)
{
	(void)first;
	for (unsigned int i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].lock, NULL);
}

static void drop(struct stress_thread *self, struct page *page)
{
	page_free(page);
	count_free(self);
}

static void check(struct stress_thread *self, struct page *page, uint64_t tag)
{
	unsigned char bytes[PAGE_SIZE];

	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, PAGE_SIZE));
	tagged_check(self, "page of a slot", bytes, tag, 0, PAGE_SIZE);
}

/* Allocates a page and fills it with the thread's next tag. Return: NULL on failure. */
static struct page *make(struct stress_thread *self, uint64_t *tag)
{
	struct page *page = stress_alloc(self, GFP_KERNEL);
	unsigned char bytes[PAGE_SIZE];

	if (!page)
		return NULL;
	count_allocation(self);
	*tag = tagged_make_tag(self->index, ++account[self->index].generation);
	tagged_fill(bytes, *tag, 0, PAGE_SIZE);
	stress_expect_ok(self, "page_write_raw", page_write_raw(page, bytes, 0, PAGE_SIZE));
	return page;
}

static struct slot *pick(struct stress_thread *self)
{
	size_t nth = stress_thread_random(self, SLOTS);

	stress_set_op(self, nth, 0, PAGE_SIZE, 0);
	return &slots[nth];
}

static bool is_empty(struct slot *slot)
{
	bool empty;

	pthread_mutex_lock(&slot->lock);
	empty = !slot->page;
	pthread_mutex_unlock(&slot->lock);
	return empty;
}

static void fill(struct stress_thread *self)
{
	struct slot *slot = pick(self);
	struct page *page;
	uint64_t tag = 0;

	if (!is_empty(slot))
		return;
	page = make(self, &tag);
	if (!page)
		return;
	if (self->run->busted == BOTH_WIN)
		stress_widen_window(self);
	pthread_mutex_lock(&slot->lock);
	if (!slot->page || self->run->busted == BOTH_WIN) {
		slot->page = page;
		slot->tag = tag;
		page = NULL;
	}
	pthread_mutex_unlock(&slot->lock);
	if (page) /* the loser's page */
		drop(self, page);
}

static void use(struct stress_thread *self)
{
	struct slot *slot = pick(self);
	struct page *page;
	uint64_t tag;

	pthread_mutex_lock(&slot->lock);
	page = slot->page;
	tag = slot->tag;
	if (page && self->run->busted == NO_LOCK)
		stress_widen_window(self);
	if (page)
		check(self, page, tag);
	pthread_mutex_unlock(&slot->lock);
}

static void shrink_unlocked(struct stress_thread *self, struct slot *slot)
{
	struct page *page = *(struct page *volatile *)&slot->page;

	*(struct page *volatile *)&slot->page = NULL;
	if (page)
		drop(self, page);
}

static void shrink(struct stress_thread *self)
{
	struct slot *slot = pick(self);
	struct page *page;
	uint64_t tag;

	if (self->run->busted == NO_LOCK) {
		shrink_unlocked(self, slot);
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
	check(self, page, tag);
	drop(self, page);
}

static void finish(struct stress_thread *first)
{
	unsigned long allocated = 0, freed = 0;

	for (unsigned int i = 0; i < first->run->threads; i++) {
		allocated += account[i].allocated;
		freed += account[i].freed;
	}
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (!slots[i].page)
			continue;
		check(first, slots[i].page, slots[i].tag);
		page_free(slots[i].page);
		freed++;
	}
	stress_expect_count(first, "pages freed or in a slot, of those allocated", freed,
			    allocated);
}

static void state(struct message *message, const struct stress_thread *self)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		message_append(message, "%s:   slot %u: page %p, owner %d, generation %llu\n",
			       self->run->pattern->name, i, (void *)slots[i].page,
			       (int)(slots[i].tag >> 40) - 1,
			       (unsigned long long)(slots[i].tag & 0xffffffffff));
}

static const struct stress_kind kinds[] = {
	{ "fill", 3, fill, NULL },
	{ "use", 4, use, NULL },
	{ "shrink", 1, shrink, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_slot",
	.about = "Threads allocate for the same slots, a shrinker takes pages away.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
	.state = state,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
