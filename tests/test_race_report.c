/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "harness/detect/race_report.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define P "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"

static struct program program;
static struct rules *rules;

static const struct shadow *evaluate(const char *text)
{
	parse_program(&program, text);
	rules_evaluate(rules, &program);
	return rules_shadow(rules);
}

static void test_matching(void)
{
	const struct shadow *shadow = evaluate(P "T0: write_raw(p0, 0, 16, 1)\n"
					      "T1: write_raw(p0, 8, 16, 1)\n");
	struct race_report good = { .call = 2, .before = 1, .page = 0, .from = 8, .to = 16 };
	struct race_report s;

	ok(race_report_is_known_race(&good, &program, shadow, false), "a race of the model is one");
	s = good, s.call = 1;
	ok(!race_report_is_known_race(&s, &program, shadow, false), "not at another call");
	s = good, s.before = 3;
	ok(!race_report_is_known_race(&s, &program, shadow, false), "not with another thread");
	s = good, s.page = 1;
	ok(!race_report_is_known_race(&s, &program, shadow, false), "not on another page");
	s = good, s.from = 16, s.to = 24;
	ok(!race_report_is_known_race(&s, &program, shadow, false), "not on other bytes");
	s = good, s.call = 1, s.before = 2;
	ok(!race_report_is_known_race(&s, &program, shadow, false), "not the other way round");
	ok(race_report_is_known_race(&s, &program, shadow, true), "unless the calls may run in any order");
}

static void test_capacity(void)
{
	ok(shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 8, 1)\n"
					  "T1: write_raw(p0, 0, 8, 1)\n"), CELLS_ONE),
	   "two accesses fit");
	ok(!shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 1, 1)\n"
					   "T0: write_raw(p0, 1, 1, 1)\n"
					   "T0: write_raw(p0, 2, 1, 1)\n"
					   "T0: write_raw(p0, 3, 1, 1)\n"
					   "T0: write_raw(p0, 4, 1, 1)\n"
					   "T1: write_raw(p0, 0, 1, 1)\n"), CELLS_ONE),
	   "five sets of bytes in one granule do not");
	ok(shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 1, 1)\n"
					  "T0: write_raw(p0, 1, 1, 1)\n"
					  "T0: write_raw(p0, 2, 1, 1)\n"
					  "T0: write_raw(p0, 3, 1, 1)\n"
					  "T0: write_raw(p0, 8, 1, 1)\n"
					  "T1: write_raw(p0, 0, 1, 1)\n"), CELLS_ONE),
	   "a fifth one elsewhere does no harm");
	ok(!shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 5, 1)\n"
					   "T1: write_raw(p0, 0, 1, 1)\n"),
					 CELLS_SPLIT),
	   "where granules are split, five bytes are five sets");
	ok(shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 1, 1)\n"
					  "T1: write_raw(p0, 0, 2, 1)\n"), CELLS_UNKNOWN),
	   "three bytes and an allocation fit, however they come");
	ok(!shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 1, 1)\n"
					   "T1: write_raw(p0, 0, 3, 1)\n"), CELLS_UNKNOWN),
	   "the second call's bytes count, too");
	ok(!shadow_race_must_be_reported(evaluate(P "T0: write_raw(p0, 0, 8, 1)\n"
					   "T1: write_raw(p0, 0, 1, 1)\n"), CELLS_UNKNOWN),
	   "a whole granule may come byte by byte");
	ok(shadow_race_must_be_reported(evaluate(P "T0: read_raw(p0, 0, 1)\n"
					  "T1: write_raw(p0, 0, 4096, 1)\n"), CELLS_UNKNOWN),
	   "but not a whole page");
}

UNIT_TEST(test_race_report)
{
	rules = rules_new();
	test_matching();
	test_capacity();
	rules_delete(rules);
}
