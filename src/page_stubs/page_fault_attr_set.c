/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>

#include "page/page.h"

/* A library without this call has no attributes of failure points. The harness ignores the error -EINVAL. */
int page_fault_attr_set(enum page_fault_point point, const struct page_fault_attr *attr)
{
	(void)point;
	(void)attr;
	return -EINVAL;
}
