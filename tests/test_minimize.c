/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the minimiser with a predicate that executes nothing: the rule model decides whether a
 * candidate breaks the same rules. test_minimize.sh tests predicates that execute programs.
 */
#include <string.h>

#include "harness/mutate/minimize.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct rules *rules;
static rule_set wanted_rules;
static unsigned long predicate_calls;
static bool all_valid;

static rule_set find_broken_rules(const struct program *program)
{
	rules_evaluate(rules, program);
	return rules_verdict(rules)->broken;
}

static bool count_and_accept_same_rules(void *ctx, const struct program *candidate)
{
	(void)ctx;
	predicate_calls++;
	all_valid &= program_valid(candidate);
	return find_broken_rules(candidate) == wanted_rules;
}

static struct minimize m;

static void minimize_copy_for_same_rules(const struct program *program)
{
	m = (struct minimize){ .best = *program, .accepts = count_and_accept_same_rules };
	wanted_rules = find_broken_rules(program);
	predicate_calls = 0;
	minimize(&m);
}

static bool has_text(const struct program *program, const char *expected)
{
	static char text[TEXT_PROGRAM_MAX];

	program_to_text(program, text);
	if (!strcmp(text, expected))
		return true;
	printf("# got %s", text);
	return false;
}

/* A program, and the smallest program that breaks the same rules. */
static const struct {
	const char *name, *text, *smallest;
} cases[] = {
	{ "calls, threads, handles, ranges, values and flags",
	  "pagetorture 1\n"
	  "p3 = alloc_page(GFP_NOIO | __GFP_HIGHMEM)\n"
	  "p1 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	  "u0 = user_slice(100, 3, 7)\n"
	  "T4: lock(m2)\n"
	  "T4: write_raw(p3, 0x123, 0x40, 0x77)\n"
	  "T4: unlock(m2)\n"
	  "T6: read_raw(p1, 0, 8) -> 0\n"
	  "T7: fill_zero(p3, 0x140, 0x10) -> 0\n"
	  "main: free_page(p1)\n",
	  "pagetorture 1\n"
	  "main: p0 = alloc_page(GFP_KERNEL)\n"
	  "T0: write_raw(p0, 0, 1, 0x0)\n"
	  "T1: fill_zero(p0, 0, 1)\n" },
	{ "a race with the zeroing of an allocation",
	  "pagetorture 1\n"
	  "T3: p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	  "T1: get_page(p0)\n"
	  "T1: lock(m1)\n"
	  "T1: free_page(p0)\n"
	  "T1: write_raw(p0, 0x20, 8, 7)\n",
	  "pagetorture 1\n"
	  "T0: p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	  "T1: write_raw(p0, 0, 1, 0x0)\n" },
	{ "a number near SIZE_MAX becomes a small round number",
	  "pagetorture 1\n"
	  "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	  "k0 = kmap_local(p0)\n"
	  "load(k0, SIZE_MAX-100, 8)\n",
	  "pagetorture 1\n"
	  "main: p0 = alloc_page(GFP_KERNEL)\n"
	  "main: k0 = kmap_local(p0)\n"
	  "main: load(k0, PAGE_SIZE, 1)\n" },
	{ "expect stays, because it applies to the whole program",
	  "pagetorture 1\n"
	  "expect deadlock\n"
	  "p0 = alloc_page(GFP_KERNEL)\n"
	  "T3: wait(s2)\n",
	  "pagetorture 1\n"
	  "expect deadlock\n"
	  "main: wait(s0)\n" },
};

static void test_smallest_programs(void)
{
	static struct program program;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse_program_or_exit(&program, cases[i].text);
		minimize_copy_for_same_rules(&program);
		ok(has_text(&m.best, cases[i].smallest), "%s", cases[i].name);
	}
}

/* Return: whether @program has a call without which it breaks the same rules. */
static bool has_spare_call(const struct program *program)
{
	static struct program less;

	for (size_t i = 0; program->count > 1 && i < program->count; i++) {
		less.count = 0;
		for (size_t n = 0; n < program->count; n++)
			if (n != i)
				less.calls[less.count++] = program->calls[n];
		if (find_broken_rules(&less) == wanted_rules)
			return true;
	}
	return false;
}

static void test_random_programs(void)
{
	static struct program program, first;
	unsigned int many = scale_repeat_count(300), kept = 0, spare = 0, other = 0, grown = 0;
	uint64_t state = 11;

	all_valid = true;
	for (unsigned int i = 0; i < many; i++) {
		make_interacting_program(&state, &program, 50, OP_COUNT);
		minimize_copy_for_same_rules(&program);
		kept += find_broken_rules(&m.best) == wanted_rules;
		spare += has_spare_call(&m.best);
		grown += m.best.count > program.count;
		first = m.best;
		minimize_copy_for_same_rules(&program);
		other += !program_calls_equal(&first, &m.best);
	}
	ok(kept == many, "%u of %u random programs break the same rules as before", kept, many);
	ok(!spare, "%u results still break the rules without one of their calls", spare);
	ok(!other, "%u results differ when the same program is minimised again", other);
	ok(!grown && all_valid, "no program grows, and the predicate gets valid programs only");
}

/* A predicate for the minimiser: accepts programs with 2, 4, 6 ... calls post(). */
static bool has_positive_even_post_count(void *ctx, const struct program *candidate)
{
	unsigned int posts = 0;

	(void)ctx;
	for (size_t i = 0; i < candidate->count; i++)
		posts += candidate->calls[i].op == OP_post;
	return posts && posts % 2 == 0;
}

static void test_pairs_of_calls(void)
{
	static struct program program;

	parse_program_or_exit(&program, "pagetorture 1\npost(s0)\npost(s1)\nlock(m0)\npost(s2)\n"
					"post(s3)\npost(s0)\nT5: post(s1)\n");
	m = (struct minimize){ .best = program, .accepts = has_positive_even_post_count };
	minimize(&m);
	ok(has_text(&m.best, "pagetorture 1\nmain: post(s0)\nmain: post(s0)\n"),
	   "calls that can only be removed two at a time");
}

/* The predicate of a failure that needs T1 to run when T0 is about to make as many points as it has calls. */
static bool needs_switch_after_calls_of_t0(void *ctx, const struct program *candidate)
{
	struct deviation needed = { .running = 1, .next = 2 };
	bool has_t1 = false;

	(void)ctx;
	for (size_t i = 0; i < candidate->count; i++) {
		needed.position += candidate->calls[i].thread == 1;
		has_t1 |= candidate->calls[i].thread == 2;
	}
	return has_t1 && needed.position &&
	       deviations_find(&candidate->schedule, 1, needed.position) == needed.next;
}

/* A search that finds the needed deviation, and two that are not needed. */
static bool find_schedule_with_needed_switch(void *ctx, struct program *candidate)
{
	struct deviation needed = { .running = 1, .next = 2 };

	for (size_t i = 0; i < candidate->count; i++)
		needed.position += candidate->calls[i].thread == 1;
	candidate->schedule.count = 0;
	deviations_append(&candidate->schedule, (struct deviation){ 2, 1, 77 });
	deviations_append(&candidate->schedule, needed);
	deviations_append(&candidate->schedule, (struct deviation){ 2, 1, 78 });
	return needs_switch_after_calls_of_t0(ctx, candidate);
}

static const char program_with_schedule[] = "pagetorture 1\n"
					    "schedule main.1>T1\nschedule T0.3>T1\nschedule T1.2>T0\n"
					    "schedule T1.9>T0\n"
					    "p0 = alloc_page(GFP_KERNEL)\n"
					    "T0: get_page(p0)\nT1: get_page(p0)\nT0: post(s0)\n"
					    "T0: read_raw(p0, 8, 9)\nT1: post(s1)\n";

static void test_schedules(void)
{
	static struct program program;

	parse_program_or_exit(&program, program_with_schedule);
	m = (struct minimize){ .best = program, .accepts = needs_switch_after_calls_of_t0 };
	minimize(&m);
	ok(m.best.schedule.count == 1 && m.best.schedule.items[0].position == 3,
	   "a schedule keeps only the deviation that the failure needs");
	m = (struct minimize){ .best = program,
			       .accepts = needs_switch_after_calls_of_t0,
			       .find_schedule = find_schedule_with_needed_switch };
	minimize(&m);
	ok(has_text(&m.best, "pagetorture 1\nschedule T0.1>T1\nT0: get_page(p0)\nT1: get_page(p0)\n"),
	   "with a search for schedules, calls are removed too, and the schedule stays minimal");
}

/* A predicate that needs two deviations, or none of them. */
static bool has_both_or_no_switch_back(void *ctx, const struct program *candidate)
{
	bool there = deviations_find(&candidate->schedule, 1, 5) == 2;
	bool back = deviations_find(&candidate->schedule, 2, 1) == 1;

	(void)ctx;
	return there == back && deviations_find(&candidate->schedule, 1, 6) == 2 &&
	       deviations_find(&candidate->schedule, 2, 9) == 1;
}

static void test_pairs_of_deviations(void)
{
	static struct program program;

	parse_program_or_exit(&program,
			      "pagetorture 1\nschedule T0.5>T1\nschedule T1.1>T0\nschedule T0.6>T1\n"
			      "schedule T1.9>T0\npost(s0)\n");
	m = (struct minimize){ .best = program, .accepts = has_both_or_no_switch_back };
	minimize(&m);
	ok(has_text(&m.best, "pagetorture 1\nschedule T0.6>T1\nschedule T1.9>T0\nmain: post(s0)\n"),
	   "deviations that can only be removed two at a time");
}

static bool count_and_reject(void *ctx, const struct program *candidate)
{
	(void)ctx;
	(void)candidate;
	predicate_calls++;
	return false;
}

static void test_nothing_accepted(void)
{
	static struct program program;

	parse_program_or_exit(&program, cases[0].text);
	m = (struct minimize){ .best = program, .accepts = count_and_reject };
	predicate_calls = 0;
	minimize(&m);
	ok(predicate_calls && program_calls_equal(&m.best, &program),
	   "a program stays as it is if no candidate is accepted");
	program.count = 0;
	m = (struct minimize){ .best = program, .accepts = count_and_reject };
	minimize(&m);
	ok(m.best.count == 0, "an empty program stays empty");
}

UNIT_TEST(test_minimize)
{
	rules = rules_new();
	test_smallest_programs();
	test_random_programs();
	test_pairs_of_calls();
	test_schedules();
	test_pairs_of_deviations();
	test_nothing_accepted();
	rules_delete(rules);
}
