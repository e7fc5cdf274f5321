/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Implements valgrind.h in builds without Valgrind's headers. */
#include "harness/detect/valgrind.h"

bool valgrind_is_supported(void)
{
	return false;
}

bool valgrind_is_present(void)
{
	return false;
}

unsigned int valgrind_error_count(void)
{
	return 0;
}

void valgrind_ignore(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

void valgrind_ignore_statics(void)
{
}
