/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>

#include "page/page.h"

/* No choice. */
int page_map_revoke_set(const char *name)
{
	(void)name;
	return -EINVAL;
}
