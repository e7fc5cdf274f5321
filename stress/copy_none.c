/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Builds with a sanitizer keep its memcpy(): only --copy=libc is available. */
#include <string.h>

#include "stress/core.h"

bool copy_select(const char *name)
{
	return !strcmp(name, "libc");
}
