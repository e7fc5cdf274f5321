/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Replaces <linux/highmem.h> for the kernel's rust/helpers/page.c: src/page maps the pages.
 *
 * ThreadSanitizer identifies a byte by its address. With the backend `alias`, kernel_rust_map() therefore
 * returns the canonical address of the page to page.rs. The mapping exists until page.rs unmaps the page.
 * page.rs never nests mappings, so one variable for each thread holds the address of the mapping.
 */
#ifndef KERNEL_RUST_LINUX_HIGHMEM_H
#define KERNEL_RUST_LINUX_HIGHMEM_H

#include "page/page_kernel.h"
#include "page/sync.h"

#ifdef SYNC_TSAN
static _Thread_local void *kernel_rust_mapping;

static NO_SANITIZE_THREAD void *kernel_rust_map(struct page *page)
{
	kernel_rust_mapping = page_map_local(page);
	return page_canonical(kernel_rust_mapping);
}

static NO_SANITIZE_THREAD void kernel_rust_unmap(const void *addr)
{
	(void)addr;
	page_unmap_local(kernel_rust_mapping);
}
#define kmap_local_page kernel_rust_map
#define kunmap_local    kernel_rust_unmap
#endif

#endif
