/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For unit tests, which print the Test Anything Protocol. All tests of a flavour are linked into
 * one program: `unit-tests NAME` runs UNIT_TEST(NAME), and then prints the number of checks.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

/* Adds @test to the list in which main() searches its argument. */
void unit_test_register(struct unit_test *test);

/* Begins the definition of a test, and registers the test before main() runs. */
#define UNIT_TEST(test_name)                                                    \
	static void test_name(void);                                            \
	__attribute__((constructor)) static void register_##test_name(void)     \
	{                                                                       \
		static struct unit_test test = { #test_name, test_name, NULL }; \
                                                                                \
		unit_test_register(&test);                                      \
	}                                                                       \
	static void test_name(void)

/* How many checks the test has made, and how many of these checks failed. */
extern unsigned int tap_check_count, tap_failure_count;

/* ok() prints this text before the name of each check. */
extern const char *tap_prefix;

/*
 * Prints a check, which passes if @good is true. With TEST_STOP_AT_FAILURE in the environment, the first check
 * that fails ends the test. Return: @good, so that a test can print details.
 */
bool ok(bool good, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Counts and prints a check that cannot run in this environment. @check_and_reason: "CHECK: REASON" */
void skip_check(const char *check_and_reason);

/* Return: @usual_count, or @usual_count / N if the environment has TEST_SHARE=N, which slow tools set. */
unsigned int scale_repeat_count(unsigned int usual_count);
