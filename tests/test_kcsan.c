/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Reports of KCSAN in the kernel's log (kernel/vm/kcsan.h). */
#include "harness/program/op.h"
#include "kernel/vm/kcsan.h"
#include "tests/tap.h"

#define BEGIN "BUG: KCSAN: data-race in page_call_copy / page_call_load_atomic"
#define END   "Reported by Kernel Concurrency Sanitizer on:"

static bool parse_and_take_race(const char *const *lines, struct kcsan_race *race)
{
	for (; *lines; lines++)
		kcsan_parse_line(*lines);
	return kcsan_take_race(race);
}

static void test_report(void)
{
	static const char *const lines[] = {
		BEGIN,
		"",
		"write to 0xffff888003a4b010 of 64 bytes by task 71 on cpu 1:",
		" __tsan_memcpy+0x10/0x80",
		" page_call_copy+0x9c/0x140 [pagetorture]",
		" page_call_load+0x4c/0x90 [pagetorture]",
		" kthread+0xd1/0x100",
		"",
		"read (marked) to 0xffff888003a4b018 of 8 bytes by task 72 on cpu 0:",
		" page_call_load_atomic+0x2c/0x90 [pagetorture]",
		"",
		"value changed: 0x00 -> 0x01",
		END,
		NULL
	};
	struct kcsan_race race;

	ok(parse_and_take_race(lines, &race), "a report is a race");
	ok(race.accesses[0].addr == 0xffff888003a4b010 && race.accesses[0].size == 64 &&
		   race.accesses[0].pid == 71,
	   "the range and the thread of an access");
	ok(race.accesses[0].is_write && !race.accesses[0].is_atomic, "a write");
	ok(race.accesses[0].op == OP_copy_page, "the innermost page call is the op");
	ok(race.accesses[1].pid == 72 && !race.accesses[1].is_write && race.accesses[1].is_atomic,
	   "an atomic read");
	ok(race.accesses[1].op == OP_load_atomic, "the op of the other access");
	ok(!kcsan_take_race(&race), "a report is taken once");
}

static void test_unknown_function(void)
{
	static const char *const lines[] = {
		BEGIN,
		"read-write to 0xffff888003a4b010 of 8 bytes by interrupt on cpu 1:",
		" page_call_something+0x9c/0x140 [pagetorture]",
		"write to 0xffff888003a4b010 of 8 bytes by task 72 on cpu 0:",
		" page_call_check_free+0x2c/0x90 [pagetorture]",
		END,
		NULL
	};
	struct kcsan_race race;

	ok(parse_and_take_race(lines, &race) && race.accesses[0].op == OP_COUNT && race.accesses[0].pid == -1,
	   "an unknown function is no op");
	ok(race.accesses[1].op == OP_free_page, "a check of a free is a free");
}

static void test_incomplete_report(void)
{
	static const char *const lines[] = {
		BEGIN, "write to 0xffff888003a4b010 of 8 bytes by task 72 on cpu 0:", END, NULL
	};
	struct kcsan_race race;

	ok(!parse_and_take_race(lines, &race), "a report with one access is no race");
}

UNIT_TEST(test_kcsan)
{
	test_report();
	test_unknown_function();
	test_incomplete_report();
}
