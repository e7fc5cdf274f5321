/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Lifetime. The reference count orders the threads that own references of a page:
 *
 *   1. page_free() decrements the count with acquire and release order. So the actions of all
 *      owners happen before the last owner frees the page (R8).
 *   2. The last owner overwrites the page before it frees the frame, and the arena orders this
 *      before the next allocation of the frame. The library does not order users of different
 *      frames (R3).
 *   3. page_get() increments the count with relaxed order, because its caller or another owner keeps a
 *      reference.
 *
 * The count of a freed page is 0. Every call that uses a page checks the count first, so the library also
 * reports misuse without a sanitizer. In a build with AddressSanitizer, the count of a freed page is
 * poisoned, so AddressSanitizer reports the misuse first.
 */
#include "page/page.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "page/arena.h"
#include "page/fault.h"
#include "page/live.h"
#include "page/map.h"
#include "page/report.h"

/* The value of each byte of a freed page: easy to recognise, and not part of a valid pointer. */
#define PAGE_POISON 0xaa

#define GFP_CONTEXTS  (GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_NOIO)
#define GFP_MODIFIERS (__GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL | __GFP_NOWARN)

static bool gfp_is_valid_combination(gfp_t gfp)
{
	gfp_t context = gfp & GFP_CONTEXTS;
	bool one_context = context && !(context & (context - 1));

	return one_context && !(gfp & ~(GFP_CONTEXTS | GFP_MODIFIERS));
}

bool page_align(size_t addr, size_t *aligned)
{
	if (addr > SIZE_MAX - (PAGE_SIZE - 1))
		return false;
	*aligned = (addr + PAGE_SIZE - 1) & PAGE_MASK;
	return true;
}

struct page *page_alloc(gfp_t gfp)
{
	struct page *page;

	if (!gfp_is_valid_combination(gfp)) {
		errno = EINVAL;
		return NULL;
	}
	page = fault_count_alloc_must_fail(gfp, 0) ? NULL : arena_alloc_frames(1);
	if (!page) {
		errno = ENOMEM;
		return NULL;
	}
	page_init(page);
	if (gfp & __GFP_ZERO)
		memset(arena_address(page), 0, PAGE_SIZE);
	else
		sync_mark_uninitialised(arena_address(page), PAGE_SIZE);
	return page;
}

static _Noreturn void report_bad_get(const struct page *page, unsigned int refs, struct call_site site)
{
	if (!refs)
		task_bug_freed(page, site);
	page_bug("too-many-references", "%s of page %p by %s at %p: it has %u references", site.name,
		 (const void *)page, task_get_or_create_current()->name, site.from, refs);
}

void page_get(struct page *page)
{
	unsigned int refs = atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);

	/* True for 0 and for UINT_MAX. */
	if (unlikely(refs + 1 <= 1))
		report_bad_get(page, refs, CALL_SITE("page_get"));
}

/*
 * R12. A borrower must not drop the reference of the buffer. If page_free() drops the last reference of a
 * page whose buffer still exists, the caller dropped the reference of the buffer.
 */
static void page_destroy(struct page *page, struct call_site site)
{
	if (unlikely(page_is_borrowed(page)))
		page_bug("borrowed-free", "%s of the borrowed page %p by %s at %p", site.name,
			 (const void *)page, task_get_or_create_current()->name, site.from);
	map_backend->page_freed(page);
	memset(arena_address(page), PAGE_POISON, PAGE_SIZE);
	arena_free_frame(page);
}

void page_free(struct page *page)
{
	unsigned int refs; /* the reference count before the decrement */

	if (!page)
		return;
	refs = atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel);
	if (!refs)
		task_bug_freed(page, CALL_SITE("page_free"));
	if (refs == 1)
		page_destroy(page, CALL_SITE("page_free"));
}

unsigned int page_ref_count(const struct page *page)
{
	return atomic_load_explicit(&page->refs, memory_order_relaxed);
}

int page_nid(const struct page *page)
{
	page_live_or_bug(page, "page_nid");
	return 0;
}
