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
#include <string.h>
#include <unistd.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define KEPT  32
#define BOXES 8
#define SHARED 32 /* references taken in a row */

enum { HEALTHY, DOUBLE_FREE, KEEPS, OPENS, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[DOUBLE_FREE] = { "double", "who handed a page over frees it too", false },
	[KEEPS] = { "keeps", "who handed a page over writes to it later", false },
	[OPENS] = { "opens", "each thread leaves a descriptor open", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct owner {
	_Alignas(STRESS_CACHE_LINE) struct page *pages[KEPT];
	uint64_t tags[KEPT];
	uint64_t generation;
	unsigned long allocated, freed;
	bool opened;
} owners[STRESS_THREADS_MAX];

static struct page *common;

static struct box {
	_Alignas(STRESS_CACHE_LINE) _Atomic(struct page *) page;
} boxes[BOXES];

/* Each page begins with its tag, for threads that do not know its owner. */
static void write_page(struct stress_thread *self, struct page *page, uint64_t tag)
{
	unsigned char bytes[PAGE_SIZE];

	tagged_fill(bytes, tag, 0, PAGE_SIZE);
	memcpy(bytes, &tag, sizeof(tag));
	stress_expect_ok(self, "page_write_raw", page_write_raw(page, bytes, 0, PAGE_SIZE));
}

static uint64_t check_page(struct stress_thread *self, struct page *page)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, PAGE_SIZE));
	memcpy(&tag, bytes, sizeof(tag));
	tagged_check(self, "page", bytes + sizeof(tag), tag, sizeof(tag),
		    PAGE_SIZE - sizeof(tag));
	return tag;
}

static void check_zero(struct stress_thread *self, struct page *page)
{
	unsigned char bytes[PAGE_SIZE];
	size_t i = 0;

	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, PAGE_SIZE));
	while (i < PAGE_SIZE && !bytes[i])
		i++;
	if (i < PAGE_SIZE)
		stress_fail(self, "page of __GFP_ZERO+0x%zx: expected 0, found 0x%02x", i,
			    bytes[i]);
}

static void drop(struct stress_thread *self, struct page *page)
{
	owners[self->index].freed++;
	page_free(page);
}

static size_t pick(struct stress_thread *self)
{
	size_t nth = stress_thread_random(self, KEPT);

	stress_set_op(self, nth, 0, PAGE_SIZE, 0);
	return nth;
}

static void replace(struct stress_thread *self)
{
	struct owner *owner = &owners[self->index];
	size_t nth = pick(self);
	bool zero = stress_thread_random(self, 2);

	if (owner->pages[nth]) {
		if (check_page(self, owner->pages[nth]) != owner->tags[nth])
			stress_fail(self, "page %zu of thread %u has become another's", nth,
				    self->index);
		drop(self, owner->pages[nth]);
	}
	owner->pages[nth] = stress_alloc(self, zero ? GFP_KERNEL | __GFP_ZERO : GFP_ATOMIC);
	if (!owner->pages[nth])
		return;
	owner->allocated++;
	if (zero)
		check_zero(self, owner->pages[nth]);
	owner->tags[nth] = tagged_make_tag(self->index, ++owner->generation);
	write_page(self, owner->pages[nth], owner->tags[nth]);
}

/* Only allocates and frees; used to measure scaling. */
static void burst(struct stress_thread *self)
{
	struct page *page = stress_alloc(self, GFP_KERNEL);

	if (!page)
		return;
	owners[self->index].allocated++;
	drop(self, page);
}

static void give(struct stress_thread *self)
{
	struct owner *owner = &owners[self->index];
	size_t nth = pick(self);
	struct page *page = owner->pages[nth], *before;
	struct box *box = &boxes[stress_thread_random(self, BOXES)];

	if (!page)
		return;
	owner->pages[nth] = NULL;
	before = atomic_exchange_explicit(&box->page, page, memory_order_acq_rel);
	if (self->run->busted == DOUBLE_FREE)
		page_free(page);
	if (self->run->busted == KEEPS)
		page_fill_zero(page, 100, 100);
	if (!before)
		return;
	check_page(self, before);
	drop(self, before);
}

static void use_references(struct stress_thread *self)
{
	struct page *page = owners[self->index].pages[pick(self)];

	if (!page)
		return;
	page_get(page);
	stress_expect_count(self, "references", page_ref_count(page), 2);
	page_free(page);
	check_page(self, page);
}

/* All threads take and drop references of one page; none of them is the last. */
static void share(struct stress_thread *self)
{
	stress_set_op(self, 0, 0, 0, 0);
	if (self->run->busted == OPENS && !owners[self->index].opened)
		owners[self->index].opened = dup(STDERR_FILENO) >= 0;
	for (unsigned int i = 0; i < SHARED; i++) {
		page_get(common);
		page_free(common);
	}
}

static void start(struct stress_thread *first)
{
	(void)first;
	common = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
}

static void finish(struct stress_thread *first)
{
	unsigned long allocated = 0, freed = 0;

	stress_expect_count(first, "references of the common page", page_ref_count(common), 1);
	check_zero(first, common);
	page_free(common);
	for (unsigned int i = 0; i < BOXES; i++)
		if (atomic_load(&boxes[i].page))
			drop(first, atomic_load(&boxes[i].page));
	for (unsigned int i = 0; i < first->run->threads; i++) {
		for (unsigned int nth = 0; nth < KEPT; nth++)
			if (owners[i].pages[nth])
				drop(stress_thread(i), owners[i].pages[nth]);
		allocated += owners[i].allocated;
		freed += owners[i].freed;
	}
	stress_expect_count(first, "pages freed, of those allocated", freed, allocated);
}

static const struct stress_kind kinds[] = {
	{ "replace", 4, replace, NULL },
	{ "burst", 4, burst, NULL },
	{ "give", 2, give, NULL },
	{ "refer", 2, use_references, NULL },
	{ "share", 1, share, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_churn",
	.about = "Pages are allocated, handed over and freed as fast as threads can.",
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
