/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/map.h"

#include "page/arena.h"
#include "page/report.h"

static void *direct_map(struct page *page)
{
	return arena_address(page);
}

static void direct_unmap(const void *addr)
{
	if (!arena_contains(addr))
		page_bug("foreign-map", "%p is not inside a page", addr);
}

const struct page_map_ops page_map_direct = {
	.name = "direct",
	.map = direct_map,
	.unmap = direct_unmap,
};
