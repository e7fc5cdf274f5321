/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Kernel names for the calls of page.h, so that kernel code that uses pages compiles with libpage.
 *
 * Each function below calls the function of page.h with the same meaning, and keeps the same rules. [P294]
 * The kernel's functions have no error value. So a range out of bounds ends the program by a trap, as
 * VM_BUG_ON() stops the kernel. [P295] page.h explains the marks.
 */
#ifndef LIBPAGE_PAGE_KERNEL_H
#define LIBPAGE_PAGE_KERNEL_H

#include <string.h>

#include "page.h"

#ifndef offset_in_page
#define offset_in_page(p) ((size_t)(p) & (PAGE_SIZE - 1))
#endif
#ifndef PAGE_ALIGN
#define PAGE_ALIGN(addr) \
	(((size_t)(addr) + PAGE_SIZE - 1) & PAGE_MASK) /* the sum wraps as in the kernel [P296] */
#endif

/* ---- lifetime ---- */

static inline struct page *alloc_page(gfp_t gfp)
{
	return page_alloc(gfp);
}

static inline void __free_page(struct page *page)
{
	page_free(page);
}

static inline void get_page(struct page *page)
{
	page_get(page);
}

static inline void put_page(struct page *page)
{
	page_free(page);
}

static inline int page_count(const struct page *page)
{
	return (int)page_ref_count(page);
}

static inline int page_to_nid(const struct page *page)
{
	return page_nid(page);
}

static inline struct page *vmalloc_to_page(const void *addr)
{
	return page_borrow(addr);
}

/* ---- mapping ---- */

static inline void *kmap_local_page(struct page *page)
{
	return page_map_local(page);
}

static inline void kunmap_local(const void *addr)
{
	page_unmap_local(addr);
}

/* ---- copying ---- */

static inline void page_kernel_trap_if_error(int ret)
{
	if (ret)
		__builtin_trap();
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	page_kernel_trap_if_error(page_read_raw(page, to, offset, len));
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	page_kernel_trap_if_error(page_write_raw(page, from, offset, len));
}

static inline void memcpy_page(struct page *dst_page, size_t dst_off, struct page *src_page, size_t src_off,
			       size_t len)
{
	page_kernel_trap_if_error(page_copy(dst_page, dst_off, src_page, src_off, len));
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	page_kernel_trap_if_error(page_fill_zero(page, offset, len));
}

/* Writes the lowest byte of @val to each byte of the range, [P297] with page_write_raw(). */
static inline void memset_page(struct page *page, size_t offset, int val, size_t len)
{
	unsigned char piece[64];
	size_t done = 0;

	if (offset > PAGE_SIZE || len > PAGE_SIZE - offset)
		__builtin_trap();
	memset(piece, val, sizeof(piece));
	do {
		size_t now = len - done < sizeof(piece) ? len - done : sizeof(piece);

		page_kernel_trap_if_error(page_write_raw(page, piece, offset + done, now));
		done += now;
	} while (done < len);
}

/* Writes zeros from start to end, end not included; [P298] a segment without bytes has no effect. [P299] */
static inline void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1,
				      unsigned int start2, unsigned int end2)
{
	if (end1 > start1)
		memzero_page(page, start1, end1 - start1);
	if (end2 > start2)
		memzero_page(page, start2, end2 - start2);
}

static inline void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	zero_user_segments(page, start, end, 0, 0);
}

static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	zero_user_segments(page, start, start + size, 0, 0);
}

static inline void clear_highpage(struct page *page)
{
	memzero_page(page, 0, PAGE_SIZE);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	memcpy_page(to, 0, from, 0, PAGE_SIZE);
}

#endif
