/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Checks of a page before a call uses the page. If a check fails, the library reports the call and aborts. */
#pragma once

#include "page/task.h"

/* Always inlined, so that the reported return address is that of the public function. */
#define LIVE_INLINE static inline __attribute__((always_inline))

/* Return: true if @page is allocated and the task certainly has two free mappings. */
LIVE_INLINE bool page_is_certainly_mappable(const struct page *page)
{
	return likely(atomic_load_explicit(&page->refs, memory_order_relaxed)) && likely(!task_may_be_full());
}

/* Aborts if @page is freed. The load is relaxed, so the check may miss a free by another thread (R3). */
LIVE_INLINE void page_live_or_bug(const struct page *page, const char *call)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_freed(page, CALL_SITE(call));
}

/* Makes a frame an allocated page with one reference. The bytes of the frame do not change. */
static inline NO_SANITIZE_THREAD void page_init(struct page *page)
{
	/* 0 means that the frame was never allocated. */
	page->generation += page->generation < UINT32_MAX ? 1 : 2;
	atomic_store_explicit(&page->part, 0, memory_order_relaxed);
	atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
}

/* The struct page of a frame that no page ever had is zero, and may be poisoned. */
static inline NO_SANITIZE_THREAD NO_SANITIZE_ADDRESS bool page_was_never_allocated(const struct page *page)
{
	return !page->generation;
}

/* Return: true if a buffer owns a reference of @page. */
static inline NO_SANITIZE_THREAD bool page_is_borrowed(const struct page *page)
{
	return atomic_load_explicit(&page->part, memory_order_relaxed);
}

/*
 * Aborts unless @page is allocated and the current task can have one more mapping. A raw call (page.h) counts
 * as a mapping, but accesses the page at its canonical address, without a mapping.
 * @more: number of mappings that the same raw call already counts, 0 or 1
 */
LIVE_INLINE void page_mappable_at_or_bug(const struct page *page, unsigned int more, struct call_site site)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_freed(page, site);
	if (unlikely(task_may_be_full()) && task_depth_and_update_flag() + more >= PAGE_TASK_MAPPINGS)
		task_bug_overflow(page, site);
}

LIVE_INLINE void page_mappable_or_bug(const struct page *page, unsigned int more, const char *call)
{
	page_mappable_at_or_bug(page, more, CALL_SITE(call));
}
