/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* In a library without page_map_backend(), a mapping must have the page's own address. */
const char *page_map_backend(void)
{
	return "direct";
}
