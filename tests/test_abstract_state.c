/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/model/rules.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/abstract_state.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program;
static struct abstract_state state;

/* Computes the state after all calls of a text. */
static bool compute_state(const char *calls)
{
	parse_calls(&program, calls);
	abstract_state_compute(&state, &program, program.count);
	return true;
}

static void test_pages(void)
{
	ok(compute_state(
		   "p1 = alloc_page(GFP_KERNEL)\np2 = alloc_page(GFP_KERNEL)\nfree_page(p1)\n") &&
		   state.filled_handles[HANDLE_PAGE] == 6 &&
		   state.usable_handles[HANDLE_PAGE] == 4,
	   "the handle of a freed page is filled, but not usable");
	ok(compute_state("p1 = alloc_page(GFP_KERNEL)\nget_page(p1)\nfree_page(p1)\n") &&
		   state.usable_handles[HANDLE_PAGE] == 2,
	   "a page with another reference stays usable");
	ok(compute_state("p1 = alloc_page(GFP_KERNEL)\nfree_page(p1)\np1 = alloc_page(GFP_KERNEL)\n") &&
		   !state.usable_handles[HANDLE_PAGE],
	   "a handle is filled once");
}

static void test_maps(void)
{
	ok(compute_state(
		   "p0 = alloc_page(GFP_KERNEL)\nT0: k0 = kmap_local(p0)\nT1: k1 = kmap_local(p0)\n"
		   "T0: k2 = kmap_local(p0)\nT0: k3 = kmap_local(p1)\n") &&
		   state.filled_handles[HANDLE_MAP] == 7 &&
		   state.usable_handles[HANDLE_MAP] == 7 &&
		   abstract_state_newest_map(&state, 1) == 2 &&
		   abstract_state_newest_map(&state, 2) == 1 &&
		   abstract_state_newest_map(&state, 3) == PROGRAM_MAPS && state.map_thread[1] == 2,
	   "a mapping has a thread, and mappings have an order");
	ok(compute_state(
		   "p0 = alloc_page(GFP_KERNEL)\nT0: k0 = kmap_local(p0)\nT0: k1 = kmap_local(p0)\n"
		   "T0: kunmap_local(k1)\n") &&
		   state.usable_handles[HANDLE_MAP] == 1 &&
		   abstract_state_newest_map(&state, 1) == 0,
	   "after an unmap the older mapping is the newest");
}

static void test_locks(void)
{
	ok(compute_state("T0: lock(m1)\nT1: lock(m1)\nT1: unlock(m1)\n") &&
		   state.usable_handles[HANDLE_MUTEX] == 13 && state.mutex_holder[1] == 1,
	   "the first thread that locks a mutex holds it");
	ok(compute_state("T0: lock(m1)\nT0: unlock(m1)\n") &&
		   state.usable_handles[HANDLE_MUTEX] == 15,
	   "an unlocked mutex is free");
	ok(compute_state("post(s2)\npost(s2)\nT0: wait(s2)\nT0: wait(s0)\n") &&
		   state.usable_handles[HANDLE_SEMAPHORE] == 4 && state.semaphore_count[2] == 1,
	   "waits use up posts");
	ok(compute_state("u3 = user_slice(64, 0x1)\n") && state.usable_handles[HANDLE_SLICE] == 8,
	   "a slice is usable");
}

/* A call that is made for a state has an effect in the rule model. */
static void test_uses_of_handles(void)
{
	struct rules *rules = rules_new();
	size_t ran = 0, all = 0, random_ran = 0, random_all = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		uint64_t random = seed;

		program.count = 0;
		for (unsigned int i = 0; i < 20; i++)
			mutate_with(MUTATION_insert, &program,
				    &(struct mutate_request){ .seed = seed * 100 + i,
							    .max_calls = 30 });
		rules_evaluate(rules, &program);
		all += program.count;
		for (size_t i = 0; i < rules_trace(rules)->step_count; i++)
			ran += !rules_trace(rules)->steps[i].was_skipped;
		make_random_program(&random, &program, 30);
		rules_evaluate(rules, &program);
		random_all += program.count;
		for (size_t i = 0; i < rules_trace(rules)->step_count; i++)
			random_ran += !rules_trace(rules)->steps[i].was_skipped;
	}
	ok(2 * ran > all && random_ran * 3 < random_all,
	   "most calls that are inserted run, of random ones few: %zu of %zu, %zu of %zu", ran, all,
	   random_ran, random_all);
	rules_delete(rules);
}

UNIT_TEST(test_abstract_state)
{
	test_pages();
	test_maps();
	test_locks();
	test_uses_of_handles();
}
