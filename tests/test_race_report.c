/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "harness/detect/race_report.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define P "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"

static struct program program;
static struct rules *rules;

static const struct access_log *evaluate_text(const char *program_text)
{
	parse_program_or_exit(&program, program_text);
	rules_evaluate(rules, &program);
	return rules_access_log(rules);
}

#define WRITE(thread, off, len) thread ": write_raw(p0, " #off ", " #len ", 1)\n"

#define REPORT(call_, thread_, page_, from_, to_)                                                 \
	{                                                                                         \
		.call = call_, .earlier_thread = thread_, .page = page_, .from = from_, .to = to_ \
	}

/* A report of a kernel's detector, which knows threads and ops, and no calls. */
#define KERNEL_REPORT(thread_, other_thread_, from_, to_, ...)                                              \
	{                                                                                                   \
		.call = RACE_REPORT_NO_CALL, .thread = thread_, .earlier_thread = other_thread_, .page = 0, \
		.from = from_, .to = to_, .accesses = {                                                     \
			{ OP_write_raw, true, false },                                                      \
			{ __VA_ARGS__ }                                                                     \
		}                                                                                           \
	}

/* Reports about a program in which T0 (call 1) and T1 (call 2) both write the bytes [8, 16). */
static const struct {
	struct race_report report;
	bool any_order, is_known;
	const char *check_name;
} reports[] = {
	{ REPORT(2, 1, 0, 8, 16), false, true, "a race of the model is known" },
	{ REPORT(1, 1, 0, 8, 16), false, false, "another call" },
	{ REPORT(2, 3, 0, 8, 16), false, false, "another thread" },
	{ REPORT(2, 1, 1, 8, 16), false, false, "another page" },
	{ REPORT(2, 1, 0, 16, 24), false, false, "other bytes" },
	{ REPORT(1, 2, 0, 8, 16), false, false, "the other order" },
	{ REPORT(1, 2, 0, 8, 16), true, true, "the other order, if any is possible" },
	{ KERNEL_REPORT(2, 1, 8, 16, OP_write_raw, true, false), false, true,
	  "without a call: the threads of the race" },
	{ KERNEL_REPORT(2, 3, 8, 16, OP_write_raw, true, false), true, false,
	  "without a call: another thread" },
	{ KERNEL_REPORT(2, 1, 0, 8, OP_write_raw, true, false), true, false, "without a call: other bytes" },
	{ KERNEL_REPORT(2, 1, 8, 16, OP_fill_zero, true, false), true, false, "without a call: another op" },
	{ KERNEL_REPORT(2, 1, 8, 16, OP_COUNT, true, false), true, true, "without a call: an unknown op" },
	{ KERNEL_REPORT(2, 1, 8, 16, OP_COUNT, false, false), true, false,
	  "without a call: a read, and the call writes" },
	{ KERNEL_REPORT(2, 1, 8, 16, OP_COUNT, true, true), true, false,
	  "without a call: an atomic access, and the call makes none" },
};

static void test_matching(void)
{
	const struct access_log *access_log = evaluate_text(P WRITE("T0", 0, 16) WRITE("T1", 8, 16));

	for (size_t i = 0; i < COUNT(reports); i++)
		ok(!race_report_find_race(&reports[i].report, &program, access_log, reports[i].any_order) ==
			   !reports[i].is_known,
		   "%s", reports[i].check_name);
}

#define FOUR WRITE("T0", 0, 1) WRITE("T0", 1, 1) WRITE("T0", 2, 1) WRITE("T0", 3, 1)

static const struct {
	const char *program_text;
	enum cells_per_access cells;
	bool must_be_reported;
	const char *check_name;
} capacities[] = {
	{ P WRITE("T0", 0, 8) WRITE("T1", 0, 8), CELLS_ONE, true, "two accesses fit" },
	{ P FOUR WRITE("T0", 4, 1) WRITE("T1", 0, 1), CELLS_ONE, false,
	  "five sets of bytes in one granule do not fit" },
	{ P FOUR WRITE("T0", 8, 1) WRITE("T1", 0, 1), CELLS_ONE, true,
	  "a fifth set of bytes in another granule does not count" },
	{ P WRITE("T0", 0, 5) WRITE("T1", 0, 1), CELLS_SPLIT, false,
	  "if granules are split, five bytes are five sets" },
	{ P WRITE("T0", 0, 1) WRITE("T1", 0, 2), CELLS_UNKNOWN, true,
	  "three bytes and an allocation fit in any order" },
	{ P WRITE("T0", 0, 1) WRITE("T1", 0, 3), CELLS_UNKNOWN, false,
	  "the bytes of the second call count too" },
	{ P WRITE("T0", 0, 8) WRITE("T1", 0, 1), CELLS_UNKNOWN, false,
	  "a whole granule may be accessed byte by byte" },
	{ P "T0: read_raw(p0, 0, 1)\n" WRITE("T1", 0, 4096), CELLS_UNKNOWN, true,
	  "a whole page is one access" },
};

UNIT_TEST(test_race_report)
{
	rules = rules_new();
	test_matching();
	for (size_t i = 0; i < COUNT(capacities); i++)
		ok(access_log_has_unmissable_race(evaluate_text(capacities[i].program_text),
						  capacities[i].cells) == capacities[i].must_be_reported,
		   "%s", capacities[i].check_name);
	rules_delete(rules);
}
