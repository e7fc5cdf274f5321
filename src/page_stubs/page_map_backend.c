/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* Valid for any library: it does not see the caller's loads and stores. */
const char *page_map_backend(void)
{
	return "direct";
}
