/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Replaces <linux/mm.h> for the kernel's rust/helpers: src/page has page_to_nid() and vmalloc_to_page(). */
#include "page/page_kernel.h"
