/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Stubs of the calls of page.h that an external library lacks and that the harness does not need: only tests
 * of the library and fuzz_api use these calls. The linker adds this file to a program that uses such a call.
 * The program is then skipped: it prints the missing calls and exits before its main().
 *
 * A skipped unit test prints a TAP plan without tests on standard output and exits with status 0, as
 * tests/check.py expects. A skipped program of another kind prints one line on standard error and exits
 * with EX_UNAVAILABLE (69). Status 77 is not used, because MemorySanitizer and libFuzzer exit with 77
 * when they report an error.
 *
 * PAGE_ABSENT comes from configure: "ABSENT(page_borrow) ABSENT(page_buffer_alloc)".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define ABSENT(call) " " #call
static const char absent[] = "" PAGE_ABSENT;

/* Only programs of unit tests define tap_program_marker (tests/unit_tests.c). */
extern const char tap_program_marker __attribute__((weak));

static _Noreturn void exit_as_skipped(void)
{
	if (&tap_program_marker) {
		printf("1..0 # SKIP the page library lacks%s\n", absent);
		fflush(stdout);
		_Exit(0);
	}
	fprintf(stderr, "%s: skipped: the page library lacks%s\n", program_invocation_short_name, absent);
	_Exit(EX_UNAVAILABLE);
}

/* Runs before all other constructors, because the process must exit before the first call of the library. */
__attribute__((constructor(101))) static void exit_before_main(void)
{
	exit_as_skipped();
}

#define ABSENT(call)               \
	void call(void);           \
	void call(void)            \
	{                          \
		exit_as_skipped(); \
	}
PAGE_ABSENT
