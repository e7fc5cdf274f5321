/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "page/page.h"

/* A library without page_map_backend_set() has one backend, so only the name of that backend is valid. */
int page_map_backend_set(const char *name)
{
	return strcmp(name, page_map_backend()) ? -EINVAL : 0;
}
