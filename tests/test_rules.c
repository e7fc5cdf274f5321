/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the model with small programs that contain their own verdict, and with properties that hold
 * for any program.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/model/rules.h"
#include "harness/program/program_text.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define H "pagetorture 1\n"
#define P H "p0 = alloc_page(GFP_KERNEL)\n"

static struct program program, changed;
static struct rules *rules;

static const struct {
	const char *name, *text;
} cases[] = {
	{ "threads that nothing orders race",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "T1: write_raw(p0, 7, 8, 1)\n" },
	{ "bytes side by side do not",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "T1: write_raw(p0, 8, 8, 1)\n" },
	{ "two reads do not",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nT0: read_raw(p0, 0, 8)\n"
	    "T1: read_raw(p0, 0, 8)\n" },
	{ "zeroing is a write of the allocating thread",
	  H "expect data-race\nT0: p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	    "T1: read_raw(p0, 4095, 1)\n" },
	{ "allocating without zeroing touches nothing",
	  H "expect clean\nT0: p0 = alloc_page(GFP_KERNEL)\nT1: read_raw(p0, 4095, 1)\n" },
	{ "a lock orders what follows its unlock",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\nT0: lock(m0)\n"
	    "T0: unlock(m0)\nT1: lock(m0)\nT1: write_raw(p0, 0, 8, 1)\n" },
	{ "another lock does not",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "T0: lock(m0)\nT0: unlock(m0)\nT1: lock(m1)\nT1: write_raw(p0, 0, 8, 1)\n" },
	{ "what follows the unlock is not ordered",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: lock(m0)\nT0: unlock(m0)\n"
	    "T0: write_raw(p0, 0, 8, 1)\nT1: lock(m0)\nT1: write_raw(p0, 0, 8, 1)\n" },
	{ "order goes through a third thread",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\nT0: post(s0)\n"
	    "T1: wait(s0)\nT1: post(s1)\nT2: wait(s1)\nT2: write_raw(p0, 0, 8, 1)\n" },
	{ "order the other way round is none",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "T1: post(s0)\nT0: wait(s0)\nT1: write_raw(p0, 0, 8, 1)\n" },
	{ "a skipped line of main joins all the same",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "get_page(p7)\nT1: write_raw(p0, 0, 8, 1)\n" },
	{ "the last free writes all of the page",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: read_raw(p0, 4095, 1)\n"
	    "T1: free_page(p0)\n" },
	{ "a free orders later frees",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nget_page(p0)\n"
	    "T0: write_raw(p0, 0, 8, 1)\nT0: free_page(p0)\nT1: free_page(p0)\n" },
	{ "but not what the other thread does before its own",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nget_page(p0)\n"
	    "T0: write_raw(p0, 0, 8, 1)\nT0: free_page(p0)\nT1: read_raw(p0, 0, 8)\n"
	    "T1: free_page(p0)\n" },
	{ "getting a reference orders nothing",
	  H "expect data-race\np0 = alloc_page(GFP_KERNEL)\nT0: write_raw(p0, 0, 8, 1)\n"
	    "T0: get_page(p0)\nT1: get_page(p0)\nT1: read_raw(p0, 0, 8)\n" },
	{ "a dead page may be asked for bad bounds",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\n"
	    "read_raw(p0, SIZE_MAX, 2) -> EINVAL\n" },
	{ "but for nothing else, not even no bytes",
	  H "expect use-after-free\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\n"
	    "fill_zero(p0, 0, 0)\n" },
	{ "a reference to a dead page cannot be had",
	  H "expect use-after-free\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\nget_page(p0)\n" },
	{ "a page is freed once",
	  H "expect use-after-free\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\nfree_page(p0)\n" },
	{ "a fatal rule ends the program, races before it count",
	  H "expect data-race\nexpect use-after-free\np0 = alloc_page(GFP_KERNEL)\n"
	    "T0: write_raw(p0, 0, 8, 1)\nT1: free_page(p0)\nT1: free_page(p0)\n" },
	{ "two locks the wrong way round",
	  H "expect deadlock\nT0: lock(m0)\nT1: lock(m1)\nT0: lock(m1)\nT1: lock(m0)\n" },
	{ "a wait without a post",
	  H "expect deadlock\nT0: wait(s0)\n" },
	{ "main that waits for a lock which is given up below it",
	  H "expect deadlock\nT0: lock(m0)\nlock(m0)\nT0: unlock(m0)\n" },
	{ "a lock held at the end is no deadlock",
	  H "expect clean\nT0: lock(m0)\n" },
	{ "locking twice is skipped, as is unlocking for another",
	  H "expect clean\nT0: lock(m0)\nT0: lock(m0)\nT1: unlock(m0)\nT0: unlock(m0)\n"
	    "T1: lock(m0)\n" },
	{ "a handle is filled once",
	  H "expect clean\np0 = alloc_page(GFP_KERNEL) -> 0\nfree_page(p0)\n"
	    "p0 = alloc_page(GFP_KERNEL)\nread_raw(p0, PAGE_SIZE, 1) -> EINVAL\n" },
};

static bool meets_expectations(const char *text)
{
	struct text_error error;
	char why[EXPECTATION_TEXT];

	if (!program_from_text(&program, text, strlen(text), &error)) {
		printf("# line %u: %s\n", error.line, error.what);
		return false;
	}
	rules_evaluate(rules, &program);
	if (expectations_hold(&program, rules, why))
		return true;
	printf("# %s\n", why);
	return false;
}

/* ---- properties ---- */

static rule_set verdict_of(const struct program *p)
{
	rules_evaluate(rules, p);
	return rules_verdict(rules)->broken;
}

/* If one thread makes all calls, the model finds no race. */
static bool one_thread_never_races(uint64_t seed)
{
	busy_program(&seed, &program, 30, OP_COUNT);
	for (size_t i = 0; i < program.count; i++)
		program.calls[i].thread = 1;
	return !(verdict_of(&program) & RULE_BIT(RULE_data_race));
}

/* The names of threads and handles do not matter. */
static bool names_mean_nothing(uint64_t seed)
{
	rule_set before;
	size_t races;

	busy_program(&seed, &program, 30, OP_lock);
	before = verdict_of(&program);
	races = rules_shadow(rules)->race_count;
	for (size_t i = 0; i < program.count; i++) {
		struct call *call = &program.calls[i];

		call->thread = call->thread ? (uint8_t)(PROGRAM_THREADS - call->thread) : 0;
		call->handle[0] = (uint8_t)(PROGRAM_PAGES - 1 - call->handle[0]);
	}
	return verdict_of(&program) == before && rules_shadow(rules)->race_count == races;
}

/* With a line of main between all lines there is no race. */
static bool joins_end_races(uint64_t seed)
{
	busy_program(&seed, &program, 20, OP_lock);
	changed = program;
	changed.count = 0;
	for (size_t i = 0; i < program.count; i++) {
		changed.calls[changed.count++] = program.calls[i];
		changed.calls[changed.count++] =
			(struct call){ .op = OP_get_page, .handle = { 7 }, .expected_result = RESULT_NONE };
	}
	return !(verdict_of(&changed) & RULE_BIT(RULE_data_race));
}

/*
 * Happens-before without clocks: searches paths of the edges that the format defines, from each
 * call to each later one. It is slow and independent of the model.
 */
static bool ordered[PROGRAM_CALLS][PROGRAM_CALLS];

static bool edge(const struct program *p, const struct trace *trace, size_t a, size_t b)
{
	const struct call *x = &p->calls[trace->steps[a].call];
	const struct call *y = &p->calls[trace->steps[b].call];
	bool same = x->handle[0] == y->handle[0];

	if (x->thread == y->thread || !x->thread || !y->thread)
		return true;
	if (trace->steps[a].skipped || trace->steps[b].skipped || !same)
		return false;
	return (x->op == OP_unlock && y->op == OP_lock) || (x->op == OP_post && y->op == OP_wait) ||
	       (x->op == OP_free_page && y->op == OP_free_page);
}

static void order_all(const struct program *p, const struct trace *trace)
{
	for (size_t b = 0; b < trace->count; b++) {
		for (size_t a = 0; a < b; a++)
			ordered[a][b] = edge(p, trace, a, b);
		for (size_t m = b; m-- > 0;)
			for (size_t a = 0; ordered[m][b] && a < m; a++)
				ordered[a][b] |= ordered[a][m];
	}
}

static size_t step_of(const struct trace *trace, size_t call)
{
	return (size_t)(trace_find(trace, call) - trace->steps);
}

static size_t count_races_by_walking(const struct program *p)
{
	const struct trace *trace = rules_trace(rules);
	const struct shadow *shadow = rules_shadow(rules);
	size_t races = 0;

	order_all(p, trace);
	for (size_t b = 0; b < shadow->access_count; b++)
		for (size_t a = 0; a < b; a++) {
			const struct access *x = &shadow->accesses[a], *y = &shadow->accesses[b];

			races += x->page == y->page && x->from < y->to && y->from < x->to &&
				 (x->write || y->write) &&
				 !ordered[step_of(trace, x->call)][step_of(trace, y->call)];
		}
	return races;
}

static bool clocks_equal_walking(uint64_t seed)
{
	busy_program(&seed, &program, 40, OP_wait + 1);
	verdict_of(&program);
	return rules_shadow(rules)->race_count == count_races_by_walking(&program);
}

static void property(const char *name, bool (*holds)(uint64_t seed), unsigned int seeds)
{
	unsigned int good = 0;

	for (uint64_t seed = 1; seed <= seeds; seed++)
		good += holds(seed);
	if (!ok(good == seeds, "%u programs: %s", seeds, name))
		printf("# holds for %u\n", good);
}

UNIT_TEST(test_rules)
{
	rules = rules_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(meets_expectations(cases[i].text), "%s", cases[i].name);
	property("one thread never races", one_thread_never_races, 2000);
	property("names of threads and handles mean nothing", names_mean_nothing, 2000);
	property("main between all lines leaves no race", joins_end_races, 2000);
	property("vector clocks find the races that walking all edges finds", clocks_equal_walking,
		 5000);
	rules_delete(rules);
}
