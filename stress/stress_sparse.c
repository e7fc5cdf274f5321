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
#include <string.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define PAGES	2
#define VALUES	(PAGE_SIZE / sizeof(uint64_t))
#define KEPT	2 /* values of one thread in one page, so that pages become empty */

enum { HEALTHY, EARLY, NO_LOCK, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[EARLY] = { "early", "a page with one value left counts as empty", false },
	[NO_LOCK] = { "no-lock", "values are counted without the lock", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct position {
	_Alignas(STRESS_CACHE_LINE) pthread_mutex_t lock;
	struct page *page;
	unsigned int count; /* number of values that are not 0 */
} places[PAGES];

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t expected[PAGES][KEPT];
	uint64_t generation;
	unsigned long allocated, freed;
} owners[STRESS_THREADS_MAX];

static void start(struct stress_thread *first)
{
	(void)first;
	for (unsigned int i = 0; i < PAGES; i++)
		pthread_mutex_init(&places[i].lock, NULL);
}

/* Where an operation is. */
struct value_location {
	struct position *position;
	uint64_t *expected;
	size_t off;
};

/* Even with more threads than values each thread gets one: KEPT * 256 is 512. */
static struct value_location pick(struct stress_thread *self)
{
	size_t page = stress_thread_random(self, PAGES), nth = stress_thread_random(self, KEPT);
	struct value_location value_location = { &places[page], &owners[self->index].expected[page][nth],
			     (nth * STRESS_THREADS_MAX + self->index) % VALUES *
				     sizeof(uint64_t) };

	stress_set_op(self, page, value_location.off, sizeof(uint64_t), 0);
	return value_location;
}

static void lock(struct stress_thread *self, struct position *position)
{
	if (self->run->busted != NO_LOCK)
		pthread_mutex_lock(&position->lock);
}

static void unlock(struct stress_thread *self, struct position *position)
{
	if (self->run->busted != NO_LOCK)
		pthread_mutex_unlock(&position->lock);
}

static bool make_page(struct stress_thread *self, struct position *position)
{
	if (position->page)
		return true;
	position->page = stress_alloc(self, GFP_KERNEL | __GFP_ZERO);
	if (!position->page)
		return false;
	owners[self->index].allocated++;
	position->count = 0;
	return true;
}

static void put_value(struct stress_thread *self, const struct value_location *value_location, uint64_t value)
{
	struct position *position = value_location->position;

	stress_expect_ok(self, "page_write_raw",
			 page_write_raw(position->page, &value, value_location->off, sizeof(value)));
	if (self->run->busted == NO_LOCK)
		stress_widen_window(self);
	position->count += !*value_location->expected && value;
	position->count -= *value_location->expected && !value;
	*value_location->expected = value;
}

static void store(struct stress_thread *self)
{
	struct value_location value_location = pick(self);
	uint64_t value = tagged_make_tag(self->index, ++owners[self->index].generation);

	lock(self, value_location.position);
	if (make_page(self, value_location.position))
		put_value(self, &value_location, value);
	unlock(self, value_location.position);
}

static void drop_page(struct stress_thread *self, struct position *position)
{
	struct page *page = position->page;

	position->page = NULL;
	owners[self->index].freed++;
	page_free(page);
}

static void clear(struct stress_thread *self)
{
	struct value_location value_location = pick(self);
	struct position *position = value_location.position;
	unsigned int empty = self->run->busted == EARLY;

	lock(self, position);
	if (position->page && *value_location.expected) {
		put_value(self, &value_location, 0);
		if (position->count <= empty)
			drop_page(self, position);
	}
	unlock(self, position);
}

static void check(struct stress_thread *self, const struct value_location *value_location, uint64_t found)
{
	if (found == *value_location->expected)
		return;
	stress_fail(self,
		    "value of thread %u at page %u+0x%zx: expected 0x%llx, found 0x%llx",
		    self->index, (unsigned int)(value_location->position - places), value_location->off,
		    (unsigned long long)*value_location->expected, (unsigned long long)found);
	*value_location->expected = found;
}

static void load(struct stress_thread *self)
{
	struct value_location value_location = pick(self);
	struct page *page;
	uint64_t found = 0; /* a missing page reads as zeros */

	lock(self, value_location.position);
	page = value_location.position->page;
	if (page)
		page_get(page);
	unlock(self, value_location.position);
	if (page) {
		stress_expect_ok(self, "page_read_raw",
				 page_read_raw(page, &found, value_location.off, sizeof(found)));
		page_free(page);
	}
	check(self, &value_location, found);
}

static void finish(struct stress_thread *first)
{
	unsigned long allocated = 0, freed = 0;

	for (unsigned int i = 0; i < first->run->threads; i++) {
		allocated += owners[i].allocated;
		freed += owners[i].freed;
	}
	for (unsigned int i = 0; i < PAGES; i++) {
		if (!places[i].page)
			continue;
		stress_expect_count(first, "pages without a value", !places[i].count, 0);
		drop_page(first, &places[i]);
		freed++;
	}
	stress_expect_count(first, "pages freed, of those allocated", freed, allocated);
}

static const struct stress_kind kinds[] = {
	{ "store", 2, store, NULL },
	{ "clear", 3, clear, NULL },
	{ "load", 3, load, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_sparse",
	.about = "Missing pages read as zeros, empty ones are freed.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
