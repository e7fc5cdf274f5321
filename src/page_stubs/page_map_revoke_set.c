/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>

#include "page/page.h"

/* A library without this call cannot change how the address of a removed mapping becomes invalid. */
int page_map_revoke_set(const char *name)
{
	(void)name;
	return -EINVAL;
}
