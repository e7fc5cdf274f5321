/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "page/page.h"

/* Rule R1 with two tests. The first test ensures that the difference does not wrap. */
static inline bool range_is_valid(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE - off;
}
