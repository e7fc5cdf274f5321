/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is asked of a page before it is used; misuse ends the process, naming the call. */
#ifndef LIBPAGE_LIVE_H
#define LIBPAGE_LIVE_H

#include "page/task.h"

/* Inlined always: the return address that they report is the public function's. */
#define LIVE_INLINE static inline __attribute__((always_inline))

/* Live, and room for two mappings for sure: page_must_map() has nothing to say. */
LIVE_INLINE bool page_maps_easily(const struct page *page)
{
	return likely(atomic_load_explicit(&page->refs, memory_order_relaxed)) &&
	       likely(!task_may_be_full());
}

/* Relaxed: it catches misuse, it makes no promise to a caller who races (R3). */
LIVE_INLINE void page_must_live(const struct page *page, const char *call)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_dead(page, CALL_SITE(call));
}

/* A new life of the frame, with one reference; its bytes are the caller's business. */
static inline NO_SANITIZE_THREAD void page_begins(struct page *page)
{
	page->life++;
	atomic_store_explicit(&page->part, 0, memory_order_relaxed);
	atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
}

/* Does a buffer hold a reference of the page? */
static inline NO_SANITIZE_THREAD bool page_is_borrowed(const struct page *page)
{
	return atomic_load_explicit(&page->part, memory_order_relaxed);
}

/*
 * What mapping the page would ask. For a call that maps only for its duration, and
 * only in name: the library's own accesses go to the home address.
 * @more: mappings that the call has in name already, at most 1
 */
LIVE_INLINE void page_must_map_at(const struct page *page, unsigned int more,
				  struct call_site site)
{
	if (unlikely(!atomic_load_explicit(&page->refs, memory_order_relaxed)))
		task_bug_dead(page, site);
	if (unlikely(task_may_be_full()) && task_depth() + more >= PAGE_TASK_MAPPINGS)
		task_bug_overflow(page, site);
}

LIVE_INLINE void page_must_map(const struct page *page, unsigned int more, const char *call)
{
	page_must_map_at(page, more, CALL_SITE(call));
}

#endif
