/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Test Anything Protocol, as much of it as a unit test needs.
 *
 * ok() counts and prints; skip() names what is missing; done() prints the plan, and is the
 * exit status of main().
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A program that speaks TAP: it is skipped by TAP too (src/page_stubs/absent.c). */
extern const char tap_program;
__attribute__((weak)) const char tap_program = 1;

static unsigned int tap_run, tap_failed;

/* Return: @good, so that a test can say more after a failure. */
static inline bool __attribute__((format(printf, 2, 3))) ok(bool good, const char *name, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tap_run);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	tap_failed += !good;
	return good;
}

static inline void skip(const char *what)
{
	printf("ok %u # SKIP %s\n", ++tap_run, what);
}

/* How often to do what is done @usual times: less under a slow tool, which says TEST_SHARE. */
static inline unsigned int share(unsigned int usual)
{
	const char *share = getenv("TEST_SHARE");
	unsigned int part = share ? (unsigned int)atoi(share) : 1;

	return part > 1 ? usual / part + 1 : usual;
}

static inline int done(void)
{
	printf("1..%u\n", tap_run);
	return tap_failed > 0;
}

#endif
