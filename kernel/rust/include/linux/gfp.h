/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Replaces <linux/gfp.h> for the kernel's rust/helpers/page.c: src/page allocates the pages. */
#ifndef KERNEL_RUST_LINUX_GFP_H
#define KERNEL_RUST_LINUX_GFP_H

#include "page/page_kernel.h"

static inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return order ? NULL : alloc_page(gfp);
}

#endif
