/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/rules.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/abstract_state.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program;
static struct abstract_state state;

#define P0 "p0 = alloc_page(GFP_KERNEL)\n"
#define P1 "p1 = alloc_page(GFP_KERNEL)\n"

#define NO_MAPS                                          \
	{                                                \
		PROGRAM_MAPS, PROGRAM_MAPS, PROGRAM_MAPS \
	}

/* Calls, and the expected state after them: the handles of one kind, and the newest mappings of T0 to T2. */
static const struct {
	const char *calls;
	enum handle_kind kind;
	uint32_t filled_handles, usable_handles;
	uint8_t newest_maps[3];
	const char *name;
} states[] = {
	{ P1 "p2 = alloc_page(GFP_KERNEL)\nfree_page(p1)\n", HANDLE_PAGE, 6, 4, NO_MAPS,
	  "the handle of a freed page is filled, but not usable" },
	{ P1 "get_page(p1)\nfree_page(p1)\n", HANDLE_PAGE, 2, 2, NO_MAPS,
	  "a page with another reference stays usable" },
	{ P1 "free_page(p1)\n" P1, HANDLE_PAGE, 2, 0, NO_MAPS, "a filled handle stays filled" },
	{ P0 "T0: k0 = kmap_local(p0)\nT1: k1 = kmap_local(p0)\nT0: k2 = kmap_local(p0)\n"
	     "T0: k3 = kmap_local(p1)\n",
	  HANDLE_MAP,
	  7,
	  7,
	  { 2, 1, PROGRAM_MAPS },
	  "each thread has its own newest mapping" },
	{ P0 "T0: k0 = kmap_local(p0)\nT0: k1 = kmap_local(p0)\nT0: kunmap_local(k1)\n",
	  HANDLE_MAP,
	  3,
	  1,
	  { 0, PROGRAM_MAPS, PROGRAM_MAPS },
	  "after an unmap the older mapping is the newest" },
	{ "T0: lock(m1)\nT1: lock(m1)\nT1: unlock(m1)\n", HANDLE_MUTEX, 15, 13, NO_MAPS,
	  "the first thread that locks a mutex holds it" },
	{ "T0: lock(m1)\nT0: unlock(m1)\n", HANDLE_MUTEX, 15, 15, NO_MAPS, "an unlocked mutex is free" },
	{ "post(s2)\npost(s2)\nT0: wait(s2)\nT0: wait(s0)\n", HANDLE_SEMAPHORE, 15, 4, NO_MAPS,
	  "a wait uses up one post" },
	{ "post(s2)\npost(s2)\nT0: wait(s2)\nT0: wait(s2)\n", HANDLE_SEMAPHORE, 15, 0, NO_MAPS,
	  "the last post is used up" },
	{ "u3 = user_slice(64, 0x1)\n", HANDLE_SLICE, 8, 8, NO_MAPS, "a slice is usable" },
};

static void test_state_after_calls(void)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		bool good;

		parse_calls_or_exit(&program, states[i].calls);
		abstract_state_compute(&state, &program, program.count);
		good = state.filled_handles[states[i].kind] == states[i].filled_handles &&
		       state.usable_handles[states[i].kind] == states[i].usable_handles;
		for (uint8_t t = 0; t < 3; t++)
			good &= abstract_state_find_newest_map_of_thread(&state, t + 1) ==
				states[i].newest_maps[t];
		ok(good, "%s", states[i].name);
	}
}

/* Adds to @ran how many calls of the program the rule model runs, and to @all how many calls it has. */
static void evaluate_and_add_call_counts(struct rules *rules, size_t *ran, size_t *all)
{
	rules_evaluate(rules, &program);
	*all += program.count;
	for (size_t i = 0; i < rules_trace(rules)->step_count; i++)
		*ran += !rules_trace(rules)->steps[i].was_skipped;
}

/* Tests that the rule model runs most of the calls that the mutation `insert` adds. */
static void test_most_inserted_calls_run(void)
{
	struct rules *rules = rules_new();
	size_t ran = 0, all = 0, random_ran = 0, random_all = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		uint64_t random = seed;

		program.count = 0;
		for (unsigned int i = 0; i < 20; i++)
			mutate_with(MUTATION_insert, &program,
				    &(struct mutate_request){ .seed = seed * 100 + i, .max_calls = 30 });
		evaluate_and_add_call_counts(rules, &ran, &all);
		make_random_program(&random, &program, 30);
		evaluate_and_add_call_counts(rules, &random_ran, &random_all);
	}
	ok(2 * ran > all && random_ran * 3 < random_all,
	   "most inserted calls run (%zu of %zu), few random calls run (%zu of %zu)", ran, all, random_ran,
	   random_all);
	rules_delete(rules);
}

UNIT_TEST(test_abstract_state)
{
	test_state_after_calls();
	test_most_inserted_calls_run();
}
