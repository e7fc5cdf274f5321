/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For the kernel's rust/helpers/page.c: local mappings by src/page.
 *
 * ThreadSanitizer identifies a byte by its address. So with the backend `alias` page.rs receives the
 * canonical address of the page, as if ThreadSanitizer's shadow were shared by both addresses. The
 * mapping exists until page.rs unmaps the page. page.rs never nests mappings, so one variable for
 * each thread is enough.
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
