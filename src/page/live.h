/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef LIBPAGE_LIVE_H
#define LIBPAGE_LIVE_H

#include "page/arena.h"
#include "page/report.h"

/* Misuse of a dead page: ends the process, naming the call. */
static inline _Noreturn void page_is_dead(const struct page *page, const char *call)
{
	page_bug("use-after-free", "%s of the dead page %p", call, (const void *)page);
}

/* Relaxed: it catches misuse, it makes no promise to a caller who races (R3). */
static inline void page_must_live(const struct page *page, const char *call)
{
	if (__builtin_expect(!atomic_load_explicit(&page->refs, memory_order_relaxed), 0))
		page_is_dead(page, call);
}

#endif
