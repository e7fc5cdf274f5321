/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/library.h"

#include <stddef.h>

bool library_has_known_access_pattern(void)
{
	return false;
}

const char *library_missing_requirement(void)
{
	return NULL;
}
