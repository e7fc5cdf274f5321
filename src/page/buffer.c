/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A buffer owns one reference of each of its pages. The address of a buffer is the canonical address of the
 * buffer's first byte, so the address is valid with every backend.
 */
#include <errno.h>

#include "page/fault.h"
#include "page/live.h"
#include "page/report.h"

static unsigned int find_order(size_t pages)
{
	unsigned int order = 0;

	while (((size_t)1 << order) < pages)
		order++;
	return order;
}

static void init_buffer_pages(struct page *first, size_t pages, size_t requested_size)
{
	for (size_t i = 0; i < pages; i++) {
		page_init(first + i);
		atomic_store_explicit(&first[i].part, (unsigned int)i + 1, memory_order_relaxed);
	}
	first->buffer_page_count = (uint32_t)pages;
	first->buffer_size = requested_size;
	sync_mark_uninitialised(arena_address(first), pages * PAGE_SIZE);
}

void *page_buffer_alloc(size_t n_bytes)
{
	struct page *first = NULL;
	size_t whole = 0;

	if (!n_bytes) {
		errno = EINVAL;
		return NULL;
	}
	if (page_align(n_bytes, &whole) && whole <= ARENA_SIZE &&
	    !fault_count_alloc_must_fail(GFP_KERNEL, find_order(whole / PAGE_SIZE)))
		first = arena_alloc_frames(whole / PAGE_SIZE);
	if (!first) {
		errno = ENOMEM;
		return NULL;
	}
	init_buffer_pages(first, whole / PAGE_SIZE, n_bytes);
	return arena_address(first);
}

/* Return: the first page of the buffer that begins at @buffer. Aborts if no buffer begins at @buffer. */
LIVE_INLINE struct page *find_first_page_or_bug(const void *buffer, const char *call)
{
	struct page *page;

	if (!arena_contains(buffer) || page_was_never_allocated(arena_page(buffer)))
		page_bug("foreign-map", "%s of %p by %s at %p: no buffer was ever there", call, buffer,
			 task_get_or_create_current()->name, __builtin_return_address(0));
	page = arena_page(buffer);
	page_live_or_bug(page, call);
	if (arena_address(page) != buffer || atomic_load_explicit(&page->part, memory_order_relaxed) != 1)
		page_bug("foreign-map", "%s of %p by %s at %p: no buffer begins there", call, buffer,
			 task_get_or_create_current()->name, __builtin_return_address(0));
	return page;
}

void page_buffer_free(void *buffer)
{
	struct page *first;
	size_t pages;

	if (!buffer)
		return;
	first = find_first_page_or_bug(buffer, "page_buffer_free");
	pages = first->buffer_page_count;
	/* page_free() aborts before it frees a page of a buffer, so no page may be in the buffer any more. */
	for (size_t i = 0; i < pages; i++)
		atomic_store_explicit(&first[i].part, 0, memory_order_relaxed);
	for (size_t i = 0; i < pages; i++)
		page_free(first + i);
}

size_t page_buffer_size(const void *buffer)
{
	return find_first_page_or_bug(buffer, "page_buffer_size")->buffer_size;
}

struct page *page_borrow(const void *addr)
{
	struct page *page;

	if (!arena_contains(addr) || page_was_never_allocated(arena_page(addr)))
		return NULL;
	page = arena_page(addr);
	page_live_or_bug(page, "page_borrow");
	return page_is_borrowed(page) ? page : NULL;
}

struct page *page_buffer_next(const void *buffer, const struct page *page)
{
	struct page *first = find_first_page_or_bug(buffer, "page_buffer_next");
	size_t next = page ? (size_t)(page - first) + 1 : 0;

	return next < first->buffer_page_count ? first + next : NULL;
}
