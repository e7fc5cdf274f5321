/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The main program of all unit tests.
 *
 *   unit-tests NAME   runs one test; the name may be omitted if there is only one
 */
#include "tests/tap.h"

#include <stdarg.h>
#include <string.h>

/* If src/page_stubs/absent.c is linked in, this symbol makes it print a skipped test in TAP form. */
extern const char tap_program_marker;
const char tap_program_marker = 1;

unsigned int tap_check_count, tap_failure_count;
const char *tap_prefix = "";
static struct unit_test *tests;

void unit_test_register(struct unit_test *test)
{
	test->next = tests;
	tests = test;
}

bool ok(bool good, const char *name, ...)
{
	va_list args;

	printf("%sok %u - %s", good ? "" : "not ", ++tap_check_count, tap_prefix);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	tap_failure_count += !good;
	if (!good && getenv("TEST_STOP_AT_FAILURE"))
		exit(1);
	return good;
}

void skip_check(const char *check_and_reason)
{
	printf("ok %u # SKIP %s\n", ++tap_check_count, check_and_reason);
}

unsigned int scale_repeat_count(unsigned int usual_count)
{
	const char *text = getenv("TEST_SHARE");
	unsigned int divisor = text ? (unsigned int)atoi(text) : 1;

	return divisor > 1 ? usual_count / divisor + 1 : usual_count;
}

static struct unit_test *find_test(const char *name)
{
	struct unit_test *test = tests;

	while (test && strcmp(test->name, name) != 0)
		test = test->next;
	return test;
}

int main(int argc, char **argv)
{
	struct unit_test *test = tests;

	if (argc > 1 || tests->next)
		test = argc == 2 ? find_test(argv[1]) : NULL;
	if (!test) {
		fprintf(stderr, "%s: expected the name of a test, got '%s'; the tests are:\n", argv[0],
			argc > 1 ? argv[1] : "");
		for (test = tests; test; test = test->next)
			fprintf(stderr, "  %s\n", test->name);
		return 2;
	}
	test->run();
	printf("1..%u\n", tap_check_count);
	return tap_failure_count > 0;
}
