/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* Correct for each library without this call: its mappings have the page's own address. */
const char *page_map_backend(void)
{
	return "direct";
}
