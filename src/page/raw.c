/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Raw calls: calls that access the bytes of a page for the caller. A raw call makes the checks of
 * page_map_local(), but accesses the bytes at their canonical address, without a mapping. So a raw call is as
 * fast as its memcpy(). ThreadSanitizer and MemorySanitizer observe one address for each byte, with every
 * backend (R4).
 */
#include <errno.h>
#include <string.h>

#include "page/live.h"
#include "page/range.h"

static inline unsigned char *byte_address(const struct page *page, size_t off)
{
	return (unsigned char *)arena_address(page) + off;
}

/*
 * The slow path of a raw call is a separate function. The raw call ends with the call of this function, so
 * the raw call needs no stack frame. @site is the call site of the raw call.
 */
#define SLOW_PATH static __attribute__((noinline))

SLOW_PATH int read_slow(struct page *page, void *dst, size_t off, size_t len, struct call_site site)
{
	page_mappable_at_or_bug(page, 0, site);
	memcpy(dst, byte_address(page, off), len);
	return 0;
}

int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	if (!range_is_valid(off, len))
		return -EINVAL;
	if (unlikely(!page_is_certainly_mappable(page)))
		return read_slow(page, dst, off, len, CALL_SITE("page_read_raw"));
	memcpy(dst, byte_address(page, off), len);
	return 0;
}

SLOW_PATH int write_slow(struct page *page, const void *src, size_t off, size_t len, struct call_site site)
{
	page_mappable_at_or_bug(page, 0, site);
	memcpy(byte_address(page, off), src, len);
	return 0;
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	if (!range_is_valid(off, len))
		return -EINVAL;
	if (unlikely(!page_is_certainly_mappable(page)))
		return write_slow(page, src, off, len, CALL_SITE("page_write_raw"));
	memcpy(byte_address(page, off), src, len);
	return 0;
}

SLOW_PATH int zero_slow(struct page *page, size_t off, size_t len, struct call_site site)
{
	page_mappable_at_or_bug(page, 0, site);
	memset(byte_address(page, off), 0, len);
	return 0;
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	if (!range_is_valid(off, len))
		return -EINVAL;
	if (unlikely(!page_is_certainly_mappable(page)))
		return zero_slow(page, off, len, CALL_SITE("page_fill_zero"));
	memset(byte_address(page, off), 0, len);
	return 0;
}

/*
 * R10. A bytewise call accesses the page plainly, in one piece. The call accesses the caller's buffer
 * atomically, byte by byte. MemorySanitizer treats a byte that was stored atomically as initialised, so
 * page_read_bytewise_atomic() then copies the state of the bytes (initialised or not) to the buffer.
 */
int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len)
{
	_Atomic unsigned char *to = dst;
	unsigned char staging[PAGE_SIZE]; /* plain reads from the page, atomic stores to @dst */

	if (!range_is_valid(off, len))
		return -EINVAL;
	page_mappable_or_bug(page, 0, "page_read_bytewise_atomic");
	memcpy(staging, byte_address(page, off), len);
	for (size_t i = 0; i < len; i++)
		atomic_store_explicit(to + i, staging[i], memory_order_relaxed);
	sync_copy_initialised_state(dst, staging, len);
	return 0;
}

int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len)
{
	const _Atomic unsigned char *from = src;
	unsigned char staging[PAGE_SIZE]; /* atomic loads from @src, plain writes to the page */

	if (!range_is_valid(off, len))
		return -EINVAL;
	page_mappable_or_bug(page, 0, "page_write_bytewise_atomic");
	for (size_t i = 0; i < len; i++)
		staging[i] = atomic_load_explicit(from + i, memory_order_relaxed);
	memcpy(byte_address(page, off), staging, len);
	return 0;
}

static bool ranges_overlap(size_t a, size_t b, size_t len)
{
	return a < b + len && b < a + len;
}

SLOW_PATH int copy_slow(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len,
			struct call_site site)
{
	page_mappable_at_or_bug(dst, 0, site);
	page_mappable_at_or_bug(src, 1, site);
	memcpy(byte_address(dst, dst_off), byte_address(src, src_off), len);
	return 0;
}

int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len)
{
	if (!range_is_valid(dst_off, len) || !range_is_valid(src_off, len))
		return -EINVAL;
	if (dst == src && ranges_overlap(dst_off, src_off, len))
		return -EINVAL;
	if (unlikely(!page_is_certainly_mappable(dst) || !page_is_certainly_mappable(src)))
		return copy_slow(dst, dst_off, src, src_off, len, CALL_SITE("page_copy"));
	memcpy(byte_address(dst, dst_off), byte_address(src, src_off), len);
	return 0;
}
