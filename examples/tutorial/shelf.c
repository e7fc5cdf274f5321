/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A small page library for doc/tutorial.md. The library reuses a fixed set of pages, the "shelf", in turn.
 * Long writes copy whole words. The library has one bug, and otherwise keeps the rules of page.h.
 */
#include <sanitizer/asan_interface.h>
#include <stdatomic.h>

#include "page.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define FORGET(bytes) __msan_poison(bytes, PAGE_SIZE)
#endif
#endif
#ifndef FORGET
#define FORGET(bytes) (void)(bytes)
#endif

#define SHELF      128 /* number of pages, which are reused in turn */
#define LONG_WRITE 24  /* an aligned write of at least this number of bytes copies whole words */

struct page {
	_Alignas(PAGE_SIZE) unsigned char bytes[PAGE_SIZE];
	_Alignas(PAGE_SIZE) unsigned char guard[PAGE_SIZE - 64];
	atomic_uint ref_count, mapping_count;
};

/* All fibers share the variable of the current task. Without HIDDEN, ThreadSanitizer would report a race. */
#define HIDDEN __attribute__((no_sanitize("thread"), noinline))

#include "page_calls.c"

static struct page shelf[SHELF];
static atomic_uint next_page;

/* ---- lifetime ---- */

static void abort_unless_live(const struct page *page)
{
	if (!atomic_load_explicit(&page->ref_count, memory_order_relaxed))
		abort_with_rule("use-after-free");
}

/* Takes a free page of the shelf. The acquire makes all actions of the last owner happen before the claim. */
static struct page *claim_next_free_page(void)
{
	for (unsigned int i = 0; i < SHELF; i++) {
		unsigned int next = atomic_fetch_add_explicit(&next_page, 1, memory_order_relaxed);
		struct page *page = &shelf[next % SHELF];
		unsigned int none = 0;

		if (atomic_compare_exchange_strong_explicit(&page->ref_count, &none, 1, memory_order_acquire,
							    memory_order_relaxed))
			return page;
	}
	return NULL;
}

struct page *page_alloc(gfp_t gfp)
{
	struct page *page = !(gfp & __GFP_NOFAIL) && must_fail_this_call() ? NULL : claim_next_free_page();

	errno = ENOMEM;
	if (!page)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(page->bytes, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page->guard, sizeof(page->guard)); /* no call may access the guard */
	FORGET(page->bytes);
	if (gfp & __GFP_ZERO)
		memset(page->bytes, 0, PAGE_SIZE);
	return page;
}

void page_get(struct page *page)
{
	abort_unless_live(page);
	atomic_fetch_add_explicit(&page->ref_count, 1, memory_order_relaxed);
}

/* The call that drops the last reference overwrites the bytes, and then makes the page free. */
void page_free(struct page *page)
{
	unsigned int ref_count; /* the number before the call drops a reference */

	if (!page)
		return;
	abort_unless_live(page);
	ref_count = atomic_load_explicit(&page->ref_count, memory_order_acquire);
	while (ref_count > 1)
		if (atomic_compare_exchange_weak_explicit(&page->ref_count, &ref_count, ref_count - 1,
							  memory_order_acq_rel, memory_order_acquire))
			return;
	memset(page->bytes, 0xaa, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page->bytes, PAGE_SIZE);
	atomic_store_explicit(&page->ref_count, 0, memory_order_release);
}

unsigned int page_ref_count(const struct page *page)
{
	return atomic_load_explicit(&page->ref_count, memory_order_relaxed);
}

/* ---- mappings: all mappings of a page have the same address ---- */

static void end_newest_mapping(struct page_task *task)
{
	struct page *page = task->maps[--task->depth];

	atomic_fetch_sub_explicit(&page->mapping_count, 1, memory_order_relaxed);
}

unsigned int page_task_delete(struct page_task *task)
{
	unsigned int depth = task ? task->depth : 0;

	while (task && task->depth)
		end_newest_mapping(task);
	free(task);
	return depth;
}

void *page_map_local(struct page *page)
{
	struct page_task *task = current_task();

	abort_unless_mappable(page, 0);
	task->maps[task->depth++] = page;
	atomic_fetch_add_explicit(&page->mapping_count, 1, memory_order_relaxed);
	return page->bytes;
}

void page_unmap_local(const void *addr)
{
	struct page_task *task = current_task();
	struct page *page = shelf + ((uintptr_t)addr - (uintptr_t)shelf) / sizeof(*page);
	unsigned int i = task->depth;

	while (i && task->maps[i - 1] != page)
		i--;
	if (i && i == task->depth)
		end_newest_mapping(task);
	else if (i)
		abort_with_rule("unmap-order");
	else
		abort_with_rule(atomic_load(&page->mapping_count) ? "foreign-map" : "use-after-unmap");
}

/* ---- writing ---- */

/* Copies whole words. The last copy also writes back the bytes of the last word that are after the range. */
static void copy_whole_words_to_page(unsigned char *to, const unsigned char *from, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); to += sizeof(word), from += sizeof(word), len -= sizeof(word))
		memcpy(to, from, sizeof(word));
	if (len) {
		memcpy(&word, to, sizeof(word));
		memcpy(&word, from, len);
		memcpy(to, &word, sizeof(word));
	}
}

static void copy_bytes_to_page(unsigned char *to, const unsigned char *from, size_t len)
{
	if (len >= LONG_WRITE && (uintptr_t)to % sizeof(uint64_t) == 0)
		copy_whole_words_to_page(to, from, len);
	else
		memcpy(to, from, len);
}
