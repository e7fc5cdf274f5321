/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Unit tests that print the Test Anything Protocol. All tests of a flavour are linked into one program:
 * `unit-tests NAME` runs UNIT_TEST(NAME), then prints the plan.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

void unit_test_register(struct unit_test *test);

/* Begins the function that a test file runs, and registers it before main(). */
#define UNIT_TEST(test_name)                                                      \
	static void test_name(void);                                              \
	__attribute__((constructor)) static void register_##test_name(void)       \
	{                                                                         \
		static struct unit_test test = { #test_name, test_name, NULL };   \
                                                                                  \
		unit_test_register(&test);                                        \
	}                                                                         \
	static void test_name(void)

/* The number of checks so far, and how many of them failed. */
extern unsigned int tap_check_count, tap_failure_count;

/* Printed before the name of each check. */
extern const char *tap_prefix;

/* Counts and prints a check. Return: @good, so that a test can print details of a failure. */
bool ok(bool good, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Prints a check that cannot run here, and what is missing. */
void skip_check(const char *what);

/* Return: how often to repeat something: @usual times, or fewer with TEST_SHARE, for slow tools. */
unsigned int scale_repeat_count(unsigned int usual);

#endif
