/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/map.h"

#include <errno.h>
#include <string.h>

#include "page/live.h"

static const struct page_map_ops *const backend = &page_map_direct;

void *page_map_local(struct page *page)
{
	page_must_live(page, "map");
	return backend->map(page);
}

void page_unmap_local(const void *addr)
{
	backend->unmap(addr);
}

/* R1. The first two tests are what keeps the sum from wrapping. */
static bool in_bounds(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE && off + len <= PAGE_SIZE;
}

int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx)
{
	void *addr = page_map_local(page);
	int ret = fn(addr, ctx);

	page_unmap_local(addr);
	return ret;
}

int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx)
{
	unsigned char *addr;
	int ret;

	if (!in_bounds(off, len))
		return -EINVAL;
	addr = page_map_local(page);
	ret = fn(addr + off, ctx);
	page_unmap_local(addr);
	return ret;
}

/*
 * The raw calls do by hand what page_with_pointer() does with a callback: they are
 * the hot path, and must cost what the copy costs.
 */
int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	unsigned char *addr;

	if (!in_bounds(off, len))
		return -EINVAL;
	addr = page_map_local(page);
	memcpy(dst, addr + off, len);
	page_unmap_local(addr);
	return 0;
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	unsigned char *addr;

	if (!in_bounds(off, len))
		return -EINVAL;
	addr = page_map_local(page);
	memcpy(addr + off, src, len);
	page_unmap_local(addr);
	return 0;
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	unsigned char *addr;

	if (!in_bounds(off, len))
		return -EINVAL;
	addr = page_map_local(page);
	memset(addr + off, 0, len);
	page_unmap_local(addr);
	return 0;
}
