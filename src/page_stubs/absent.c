/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of page.h that a foreign library lacks and the harness can do without: only
 * tests of the library and fuzz_api use them. A program that calls one is linked with this
 * file. It is skipped: it names what is missing and ends before its main() begins.
 *
 * A unit test prints a TAP plan without tests on standard output and ends with status 0, as
 * tests/check.py expects. All other programs print one line on standard error, nothing on
 * standard output, and end with EX_UNAVAILABLE (69). MemorySanitizer and libFuzzer end a program
 * with 77 when they report an error, so 77 would make a finding look like a skip.
 *
 * PAGE_ABSENT comes from configure: "ABSENT(page_borrow) ABSENT(page_buffer_alloc)".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define ABSENT(call) " " #call
static const char absent[] = "" PAGE_ABSENT;
#undef ABSENT

/* Unit tests have it (tests/unit_tests.c). */
extern const char tap_program __attribute__((weak));

static _Noreturn void exit_as_skipped(void)
{
	if (&tap_program) {
		printf("1..0 # SKIP the page library lacks%s\n", absent);
		fflush(stdout);
		_Exit(0);
	}
	fprintf(stderr, "%s: skipped: the page library lacks%s\n", program_invocation_short_name,
		absent);
	_Exit(EX_UNAVAILABLE);
}

/* The first of all constructors. It does not call the library, and no other constructor may. */
__attribute__((constructor(101))) static void exit_before_main(void)
{
	exit_as_skipped();
}

#define ABSENT(call)    \
	void call(void); \
	void call(void)  \
	{                \
		exit_as_skipped();  \
	}
PAGE_ABSENT
