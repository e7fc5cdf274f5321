/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the model of ThreadSanitizer's shadow memory with given positions. Whenever programs run,
 * the harness compares the model with the real one, report by report.
 */
#include <stdlib.h>

#include "harness/detect/tsan_shadow.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define P "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"

static struct program program;
static struct rules *rules;
static struct tsan_shadow *shadow;
static struct race_reports race_reports;
static uintptr_t evicted; /* the cell that every position selects */
static bool known, lost;

static uintptr_t position(const void *ctx, const struct access *access)
{
	(void)ctx;
	(void)access;
	return known ? 0x1000 + evicted * sizeof(uint64_t) : 0;
}

static bool may_be_lost(const void *ctx, const struct access *access)
{
	(void)ctx;
	(void)access;
	return lost;
}

static const struct tsan_facts facts = { position, may_be_lost, NULL };

static bool predict(const char *text, bool first_only)
{
	parse_program(&program, text);
	rules_evaluate(rules, &program);
	return tsan_shadow_predict(shadow, rules_shadow(rules), &facts, first_only, &race_reports);
}

static bool reports(size_t count, const char *text)
{
	return predict(text, false) && race_reports_kept(&race_reports) == count;
}

/* Is the report about this call, given by its line, and these bytes? */
static bool report_is(size_t index, unsigned int line, unsigned int from, unsigned int to)
{
	const struct race_report *s = &race_reports.kept[index];

	return program.calls[s->call].line == line && s->from == from && s->to == to;
}

static enum tsan_miss explain(uint16_t first, uint16_t second)
{
	const struct shadow *s = rules_shadow(rules);

	for (size_t i = 0; i < s->race_count; i++)
		if (s->races[i].first == first && s->races[i].second == second)
			return tsan_shadow_explain(shadow, s, &facts, &s->races[i]);
	return TSAN_UNKNOWN;
}

#define FOUR P "T0: write_raw(p0, 0, 1, 1)\n" \
	       "T0: write_raw(p0, 1, 1, 1)\n" \
	       "T0: write_raw(p0, 2, 1, 1)\n" \
	       "T0: write_raw(p0, 3, 1, 1)\n"
#define FIVE FOUR "T0: write_raw(p0, 4, 1, 1)\n"

static void test_reports(void)
{
	ok(reports(0, P "T0: write_raw(p0, 0, 8, 1)\nT0: read_raw(p0, 0, 8)\n"),
	   "without a race there is no report");
	ok(reports(1, P "T0: write_raw(p0, 5, 16, 1)\nT1: read_raw(p0, 0, 64)\n") &&
	   report_is(0, 4, 5, 8), "a report ends at the granule's end");
	ok(reports(1, P "T0: write_raw(p0, 0, 64, 1)\nT1: write_raw(p0, 0, 64, 1)\n"),
	   "a range stops at its first race");
	ok(explain(1, 2) == TSAN_REPORTED, "the reason is right");
	ok(reports(1, P "T0: write_raw(p0, 8, 1, 1)\nT1: write_raw(p0, 32, 1, 1)\n"
			"T2: write_raw(p0, 0, 64, 1)\n"), "also with races with two threads");
	ok(explain(1, 3) == TSAN_REPORTED && explain(2, 3) == TSAN_STOPPED, "the second race is missed because the range stopped");
	ok(reports(1, P "T0: write_raw(p0, 0, 4, 1)\nT1: read_raw(p0, 4, 4)\n"
			"T2: write_raw(p0, 0, 8, 1)\n") && report_is(0, 5, 0, 4),
	   "of two races in one granule the first cell's is reported");
	ok(explain(2, 3) == TSAN_SUPERSEDED, "the other race is superseded");

}

static void test_marks(void)
{
	ok(reports(1, P "T0: write_raw(p0, 0, 8, 1)\nT1: write_raw(p0, 0, 8, 1)\n"
			"T2: write_raw(p0, 0, 8, 1)\n"), "an access that begins at a marked granule is not reported");
	ok(explain(1, 3) == TSAN_MARKED && explain(2, 3) == TSAN_MARKED, "the reason is right");
	ok(reports(2, P "T0: write_raw(p0, 8, 8, 1)\nT1: write_raw(p0, 8, 8, 1)\n"
			"T2: write_raw(p0, 0, 16, 1)\nT3: write_raw(p0, 0, 16, 1)\n") &&
	   report_is(1, 6, 0, 8), "an access that begins before the marked granule is reported");
	ok(reports(1, P "T0: k0 = kmap_local(p0)\nT1: k1 = kmap_local(p0)\n"
			"T0: write_raw(p0, 0, 8, 1)\nT1: load_atomic(k1, 0, 8)\n"
			"T1: load_atomic(k1, 0, 8)\n"), "an atomic read of a marked granule is not reported");
	ok(predict(P "T0: write_raw(p0, 0, 8, 1)\nT1: write_raw(p0, 0, 8, 1)\n"
		     "T2: write_raw(p0, 16, 8, 1)\nT3: write_raw(p0, 16, 8, 1)\n", true) &&
	   race_reports_kept(&race_reports) == 1, "with first_only there is one report");
}

static void test_cells(void)
{
	known = true;
	evicted = 0;
	ok(reports(1, FOUR "T1: write_raw(p0, 0, 1, 2)\n"), "a granule keeps four sets of bytes");
	ok(reports(0, FIVE "T1: write_raw(p0, 0, 1, 2)\n"), "a fifth set evicts cell 0");
	ok(explain(1, 6) == TSAN_EVICTED, "the reason is right");
	ok(reports(1, FIVE "T1: write_raw(p0, 1, 1, 2)\n"), "a fifth set evicts no other cell");
	evicted = 2;
	ok(reports(1, FIVE "T1: write_raw(p0, 0, 1, 2)\n") &&
	   reports(0, FIVE "T1: write_raw(p0, 2, 1, 2)\n"), "at another position the fifth set evicts cell 2");
	known = false;
	ok(!predict(FIVE "T1: write_raw(p0, 2, 1, 2)\n", false),
	   "without a position there is no prediction");
	ok(explain(3, 6) == TSAN_UNKNOWN, "the reason is right");
	ok(reports(1, FOUR "T0: write_raw(p0, 0, 1, 1)\nT1: write_raw(p0, 3, 1, 2)\n"),
	   "the same bytes of the same thread take no new cell");
	ok(reports(1, P "T0: read_raw(p0, 0, 1)\nT0: write_raw(p0, 0, 1, 1)\n"
			"T1: read_raw(p0, 0, 1)\n"), "a write replaces a read of the same bytes");
	ok(reports(1, P "T0: write_raw(p0, 0, 1, 1)\nT0: read_raw(p0, 0, 1)\n"
			"T1: read_raw(p0, 0, 1)\n"), "a read does not replace a write of the same bytes");
}

static void test_lost(void)
{
	lost = true;
	ok(!predict(P "T0: write_raw(p0, 0, 8, 1)\nT1: read_raw(p0, 0, 8)\n", false),
	   "without the history of an access there is no prediction");
	lost = false;
}

UNIT_TEST(test_tsan_shadow)
{
	rules = rules_new();
	shadow = tsan_shadow_new();
	test_reports();
	test_marks();
	test_cells();
	test_lost();
	tsan_shadow_delete(shadow);
	rules_delete(rules);
}
