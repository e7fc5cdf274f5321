/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of page.h that a foreign library lacks and the harness can do without: only
 * tests of the library use them. A program that is linked with this says so and ends
 * before it begins: skipped, by name.
 *
 * PAGE_ABSENT comes from configure: "ABSENT(page_borrow) ABSENT(page_buffer_alloc)".
 */
#include <stdio.h>
#include <stdlib.h>

#define ABSENT(call) " " #call
static const char absent[] = "" PAGE_ABSENT;
#undef ABSENT

__attribute__((constructor)) static void skip(void)
{
	printf("1..0 # SKIP the page library lacks%s\n", absent);
	fflush(stdout);
	_Exit(0);
}

#define ABSENT(call)    \
	void call(void); \
	void call(void)  \
	{                \
		abort(); \
	}
PAGE_ABSENT
