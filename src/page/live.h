/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Checks of a page before it is used; misuse ends the process, and the report names the call. */
#ifndef LIBPAGE_LIVE_H
#define LIBPAGE_LIVE_H

#include "page/task.h"

/* Inlined always: the return address that they report is the public function's. */
#define LIVE_INLINE static inline __attribute__((always_inline))

/* Return: true if the page is live and the task surely has two mappings left. */
LIVE_INLINE bool page_maps_fast_ok(const struct page *page)
{
	return likely(atomic_load_explicit(&page->refs, memory_order_relaxed)) &&
	       likely(!task_may_be_full());
}

/* Relaxed: it finds misuse, and promises nothing to a caller that races (R3). */
LIVE_INLINE void page_live_or_bug(const struct page *page, const char *call)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_freed(page, CALL_SITE(call));
}

/* Begins an allocation of the frame, with one reference. The caller sets the bytes. */
static inline NO_SANITIZE_THREAD void page_init(struct page *page)
{
	page->generation++;
	atomic_store_explicit(&page->part, 0, memory_order_relaxed);
	atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
}

/* Does a buffer hold a reference of the page? */
static inline NO_SANITIZE_THREAD bool page_is_borrowed(const struct page *page)
{
	return atomic_load_explicit(&page->part, memory_order_relaxed);
}

/*
 * The checks of page_map_local(), for a call that counts as a mapping but needs none: the
 * library accesses pages at the canonical address.
 * @more: mappings that the call counts as already, at most 1
 */
LIVE_INLINE void page_mappable_at_or_bug(const struct page *page, unsigned int more,
				  struct call_site site)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_freed(page, site);
	if (unlikely(task_may_be_full()) && task_depth() + more >= PAGE_TASK_MAPPINGS)
		task_bug_overflow(page, site);
}

LIVE_INLINE void page_mappable_or_bug(const struct page *page, unsigned int more, const char *call)
{
	page_mappable_at_or_bug(page, more, CALL_SITE(call));
}

#endif
