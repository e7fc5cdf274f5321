/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* For the kernel's rust/helpers: page_to_nid() and vmalloc_to_page() of src/page. */
#include "page/page_kernel.h"
