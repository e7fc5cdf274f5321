/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef LIBPAGE_RANGE_H
#define LIBPAGE_RANGE_H

#include "page/page.h"

/* R1 in two tests: the first keeps the difference from wrapping, as R1's keep its sum. */
static inline bool range_good(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE - off;
}

#endif
