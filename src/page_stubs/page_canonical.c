/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* A library without page_canonical() must have only one address for each page. */
void *page_canonical(const void *addr)
{
	return (void *)addr;
}
