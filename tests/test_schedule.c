/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/program/schedule.h"
#include "tests/tap.h"

static struct schedule s;

/* Lines that block until another line has run: waits_for[i] is that line, or -1. */
static int waits_for[16];

static bool blocked(const void *ctx, size_t line)
{
	(void)ctx;
	return waits_for[line] >= 0 && !s.ran[waits_for[line]];
}

/*
 * @threads: a digit for each line, 0 is main; @waits: a digit for each line, or '.'.
 * Return: whether the lines run in the order @expected, a letter for each line.
 */
static bool order_is(const char *threads, const char *waits, const char *expected)
{
	char order[17] = "";
	size_t count = strlen(threads), line, used = 0;

	for (size_t i = 0; i < count; i++) {
		s.thread[i] = (uint8_t)(threads[i] - '0');
		waits_for[i] = waits[i] == '.' ? -1 : waits[i] - '0';
	}
	schedule_init(&s, count);
	while ((line = schedule_next(&s, blocked, NULL)) != SCHEDULE_NONE)
		order[used++] = (char)('a' + line);
	if (strcmp(order, expected))
		printf("# got %s\n", order);
	return !strcmp(order, expected);
}

UNIT_TEST(test_schedule)
{
	ok(order_is("1212", "....", "abcd"), "line order");
	ok(order_is("1121", "2...", "cabd"), "a blocked thread waits, others go on");
	ok(order_is("1212", "1...", "bacd"), "it goes on as soon as it can");
	ok(order_is("1012", "....", "abcd"), "main is run in its place");
	ok(order_is("102", "2..", ""), "no line below main runs before it");
	ok(s.left == 3 && s.first_left == 0, "what is stuck is counted, from its first line");
	ok(order_is("120", "...", "abc"), "main waits for all above");
	ok(order_is("012", "1..", ""), "main that blocks holds all below back");
	ok(order_is("", "", ""), "no lines");
	ok(order_is("12121", "2....", "bd"), "lines after a blocked one of the same thread wait");
	ok(s.left == 3 && s.first_left == 0, "and are left");
}
