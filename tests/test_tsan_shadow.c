/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the model of ThreadSanitizer's shadow memory with given log positions. Other tests compare the model
 * with ThreadSanitizer: in each execution, every report must be as the model predicts.
 */
#include "harness/detect/tsan_shadow.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

/* After P, the lines 3, 4, ... of a program are its calls 1, 2, ... */
#define P                       "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n"
#define WRITE(thread, off, len) thread ": write_raw(p0, " #off ", " #len ", 1)\n"
#define READ(thread, off, len)  thread ": read_raw(p0, " #off ", " #len ")\n"
#define FOUR                    P WRITE("T0", 0, 1) WRITE("T0", 1, 1) WRITE("T0", 2, 1) WRITE("T0", 3, 1)
#define FIVE                    FOUR WRITE("T0", 4, 1)

/* Special log positions, which all accesses of a case have; a position selects the shadow cell to evict. */
enum { POSITION_UNKNOWN = -1, HISTORY_LOST = -2 };

static const struct {
	const char *text;
	int position; /* number of the shadow cell to evict, POSITION_UNKNOWN or HISTORY_LOST */
	bool first_only;
	int report_count; /* -1: no prediction */
	struct {
		unsigned int line, from, to; /* the expected last report; line 0: not checked */
	} last_report;
	const char *name;
} cases[] = {
	{ P WRITE("T0", 0, 8) READ("T0", 0, 8),
	  POSITION_UNKNOWN,
	  false,
	  0,
	  { 0 },
	  "without a race there is no report" },
	{ P WRITE("T0", 5, 16) READ("T1", 0, 64),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 4, 5, 8 },
	  "a report ends at the granule's end" },
	{ P WRITE("T0", 0, 64) WRITE("T1", 0, 64),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 4, 0, 8 },
	  "a range stops at its first race" },
	{ P WRITE("T0", 8, 1) WRITE("T1", 32, 1) WRITE("T2", 0, 64),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 5, 8, 9 },
	  "a range stops before the race with a second thread" },
	{ P WRITE("T0", 0, 4) READ("T1", 4, 4) WRITE("T2", 0, 8),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 5, 0, 4 },
	  "of two races in one granule that of the first cell is reported" },
	{ P WRITE("T0", 0, 8) WRITE("T1", 0, 8) WRITE("T2", 0, 8),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 4, 0, 8 },
	  "an access that begins at a marked granule is not reported" },
	{ P WRITE("T0", 8, 8) WRITE("T1", 8, 8) WRITE("T2", 0, 16) WRITE("T3", 0, 16),
	  POSITION_UNKNOWN,
	  false,
	  2,
	  { 6, 0, 8 },
	  "an access that begins before the marked granule is reported" },
	{ P "T0: k0 = kmap_local(p0)\nT1: k1 = kmap_local(p0)\n" WRITE(
		  "T0", 0, 8) "T1: load_atomic(k1, 0, 8)\nT1: load_atomic(k1, 0, 8)\n",
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 0 },
	  "an atomic read of a marked granule is not reported" },
	{ P WRITE("T0", 0, 8) WRITE("T1", 0, 8) WRITE("T2", 16, 8) WRITE("T3", 16, 8),
	  POSITION_UNKNOWN,
	  true,
	  1,
	  { 0 },
	  "with first_only there is one report" },
	{ FOUR WRITE("T1", 0, 1), 0, false, 1, { 0 }, "a granule keeps four sets of bytes" },
	{ FIVE WRITE("T1", 0, 1), 0, false, 0, { 0 }, "a fifth set evicts cell 0" },
	{ FIVE WRITE("T1", 1, 1), 0, false, 1, { 0 }, "a fifth set evicts no other cell" },
	{ FIVE WRITE("T1", 0, 1), 2, false, 1, { 0 }, "at another position cell 0 stays" },
	{ FIVE WRITE("T1", 2, 1), 2, false, 0, { 0 }, "at another position the fifth set evicts cell 2" },
	{ FIVE WRITE("T1", 2, 1),
	  POSITION_UNKNOWN,
	  false,
	  -1,
	  { 0 },
	  "without a position there is no prediction" },
	{ FOUR WRITE("T0", 0, 1) WRITE("T1", 3, 1),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 0 },
	  "the same bytes of the same thread take no new cell" },
	{ P READ("T0", 0, 1) WRITE("T0", 0, 1) READ("T1", 0, 1),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 0 },
	  "a write replaces a read of the same bytes" },
	{ P WRITE("T0", 0, 1) READ("T0", 0, 1) READ("T1", 0, 1),
	  POSITION_UNKNOWN,
	  false,
	  1,
	  { 0 },
	  "a read does not replace a write of the same bytes" },
	{ P WRITE("T0", 0, 8) READ("T1", 0, 8),
	  HISTORY_LOST,
	  false,
	  -1,
	  { 0 },
	  "without the history of an access there is no prediction" },
};

static int position; /* of the current case */

static uintptr_t get_case_position(const void *ctx, const struct access *access)
{
	(void)ctx;
	(void)access;
	return position >= 0 ? 0x1000 + (uintptr_t)position * sizeof(uint64_t) : 0;
}

static bool is_history_lost(const void *ctx, const struct access *access)
{
	(void)ctx;
	(void)access;
	return position == HISTORY_LOST;
}

static const struct tsan_facts facts = { get_case_position, is_history_lost, NULL };

static bool case_has_expected_reports(size_t index, struct rules *rules, struct tsan_shadow *shadow)
{
	static struct program program;
	static struct race_reports reports;
	const struct race_report *last;
	bool predicted, good;

	position = cases[index].position;
	parse_program_or_exit(&program, cases[index].text);
	rules_evaluate(rules, &program);
	predicted = tsan_shadow_predict(shadow, rules_access_log(rules), &facts, cases[index].first_only,
					&reports);
	good = (predicted ? (int)race_reports_kept_count(&reports) : -1) == cases[index].report_count;
	if (good && cases[index].last_report.line) {
		last = &reports.kept[cases[index].report_count - 1];
		good = program.calls[last->call].line == cases[index].last_report.line &&
		       last->from == cases[index].last_report.from && last->to == cases[index].last_report.to;
	}
	return good;
}

UNIT_TEST(test_tsan_shadow)
{
	struct rules *rules = rules_new();
	struct tsan_shadow *shadow = tsan_shadow_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		ok(case_has_expected_reports(i, rules, shadow), "%s", cases[i].name);
	tsan_shadow_delete(shadow);
	rules_delete(rules);
}
