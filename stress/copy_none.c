/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Where a sanitizer has its own memcpy(), it stays. */
#include <string.h>

#include "stress/core.h"

bool copy_select(const char *name)
{
	return !strcmp(name, "libc");
}
