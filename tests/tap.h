/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The part of the Test Anything Protocol that a unit test needs.
 *
 * ok() counts and prints a check, skip() names what is missing. done() prints the plan and returns
 * main()'s exit status.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Marks a program with TAP output; src/page_stubs/absent.c then skips it by TAP. */
extern const char tap_program;
__attribute__((weak)) const char tap_program = 1;

static unsigned int tap_run, tap_failed;

/* Return: @good, so that a test can print details of a failure. */
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

/* Return: how often to repeat something: @usual times, or fewer with TEST_SHARE, for slow tools. */
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
