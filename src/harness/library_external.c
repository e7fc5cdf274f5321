/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/library.h"

#include <stddef.h>

bool library_accesses_known(void)
{
	return false;
}

const char *library_lacks(void)
{
	return NULL;
}
