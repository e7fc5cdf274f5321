/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/program/schedule.h"
#include "tests/tap.h"

static struct schedule s;

/* Line i is blocked until line waits_for[i] has run; if waits_for[i] is -1, line i is never blocked. */
static int waits_for[16];

static bool is_line_blocked(const void *ctx, size_t line)
{
	(void)ctx;
	return waits_for[line] >= 0 && !s.has_run[waits_for[line]];
}

/*
 * @threads: one digit for each line, the number of its thread; 0 is main
 * @waits: one character for each line, the number of the line for which it waits, or '.'
 * Return: whether the lines run in the order @expected, in which a is line 0, b is line 1, ...
 */
static bool runs_in_order(const char *threads, const char *waits, const char *expected)
{
	char order[17] = "";
	size_t count = strlen(threads), line, used = 0;

	for (size_t i = 0; i < count; i++) {
		s.line_threads[i] = (uint8_t)(threads[i] - '0');
		waits_for[i] = waits[i] == '.' ? -1 : waits[i] - '0';
	}
	schedule_init(&s, count);
	while ((line = schedule_take_next_line(&s, is_line_blocked, NULL)) != SCHEDULE_NONE)
		order[used++] = (char)('a' + line);
	if (strcmp(order, expected))
		printf("# got %s\n", order);
	return !strcmp(order, expected);
}

UNIT_TEST(test_schedule)
{
	ok(runs_in_order("1212", "....", "abcd"), "lines run in their order");
	ok(runs_in_order("1121", "2...", "cabd"), "other threads continue while one is blocked");
	ok(runs_in_order("1212", "1...", "bacd"), "a blocked thread continues as soon as it can");
	ok(runs_in_order("1012", "....", "abcd"), "a line of main runs in its place");
	ok(runs_in_order("102", "2..", ""), "no line below a line of main runs before it");
	ok(s.remaining_count == 3 && s.first_remaining == 0,
	   "lines that cannot run are counted, from the first one");
	ok(runs_in_order("120", "...", "abc"), "a line of main waits for all lines above");
	ok(runs_in_order("012", "1..", ""), "no line below a blocked line of main runs");
	ok(runs_in_order("", "", ""), "a program without lines ends");
	ok(runs_in_order("12121", "2....", "bd"), "lines after a blocked one of the same thread wait");
	ok(s.remaining_count == 3 && s.first_remaining == 0, "these lines are counted as left");
}
