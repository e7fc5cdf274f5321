/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A mapping backend: what page_map_local() does once the page is known to be live.
 *
 * map() returns the address of byte 0, good for PAGE_SIZE bytes until unmap() gets
 * an address inside them. Both run on the thread that owns the mapping.
 */
#ifndef LIBPAGE_MAP_H
#define LIBPAGE_MAP_H

#include "page/page.h"

struct page_map_ops {
	const char *name;
	void *(*map)(struct page *page);
	void (*unmap)(const void *addr);
};

/* The page's own address, like low memory: costs nothing. */
extern const struct page_map_ops page_map_direct;

#endif
