/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests that happens_before.h agrees with the races that the rule model finds with vector clocks. Tests the
 * causes that cause.h finds.
 */
#include <string.h>

#include "harness/model/cause.h"
#include "harness/model/happens_before.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define PROGRAMS 3000

static struct program program;
static struct happens_before happens;
static struct rules *rules;

/* Parses and evaluates a program. Return: true, so that the condition of a check can begin with this call. */
static bool evaluate_text_and_return_true(const char *text)
{
	size_t fatal_call;

	parse_calls_or_exit(&program, text);
	rules_evaluate(rules, &program);
	fatal_call = rules_verdict(rules)->fatal_rule == RULE_deadlock ? SIZE_MAX :
									 rules_verdict(rules)->fatal_call;
	happens_before_compute(&happens, &program, rules_trace(rules), fatal_call);
	return true;
}

static bool is_ordered_before(size_t earlier_step, size_t later_step)
{
	return happens_before_is_ordered(&happens, &program, rules_trace(rules), earlier_step, later_step);
}

static void test_edges(void)
{
	uint16_t acquired_steps[PROGRAM_THREADS];

	ok(evaluate_text_and_return_true(
		   "T0: lock(m0)\nT0: unlock(m0)\nT1: lock(m0)\nT1: unlock(m0)\nT2: lock(m0)\n") &&
		   happens_before_find_acquired_steps(&program, rules_trace(rules), 4, acquired_steps) == 1 &&
		   acquired_steps[0] == 3 && is_ordered_before(1, 4) && is_ordered_before(0, 2),
	   "a lock is ordered after the last unlock, and so after the earlier ones");
	ok(evaluate_text_and_return_true("T0: post(s0)\nT1: post(s0)\nT0: fail_nth(0)\nT2: wait(s0)\n") &&
		   happens_before_find_acquired_steps(&program, rules_trace(rules), 3, acquired_steps) == 2 &&
		   is_ordered_before(0, 3) && is_ordered_before(1, 3) && !is_ordered_before(2, 3),
	   "a wait is ordered after every earlier post, not after calls that follow the posts");
	ok(evaluate_text_and_return_true("p0 = alloc_page(GFP_KERNEL)\nget_page(p0)\nT0: free_page(p0)\nT1: "
					 "free_page(p0)\n") &&
		   happens_before_find_acquired_steps(&program, rules_trace(rules), 3, acquired_steps) == 1 &&
		   is_ordered_before(2, 3),
	   "the last free is ordered after the others");
	ok(evaluate_text_and_return_true("T0: post(s0)\nmain: fail_nth(0)\nT1: wait(s0)\n") &&
		   !happens_before_find_acquired_steps(&program, rules_trace(rules), 2, acquired_steps) &&
		   is_ordered_before(0, 1) && is_ordered_before(0, 2),
	   "the order by a line of main is no edge");
}

static bool accesses_conflict(const struct access *a, const struct access *b)
{
	return a->page == b->page && a->thread != b->thread && a->from < b->to && b->from < a->to &&
	       (a->write || b->write) && !(a->atomic && b->atomic);
}

static bool race_is_recorded(const struct access_log *access_log, const struct access *a,
			     const struct access *b)
{
	for (size_t i = 0; i < access_log->race_count; i++)
		if (access_log->races[i].first == a->call && access_log->races[i].second == b->call &&
		    access_log->races[i].page == a->page)
			return true;
	return false;
}

static size_t find_step_index_of_call(size_t call)
{
	const struct step *step = trace_find_step(rules_trace(rules), call);

	return (size_t)(step - rules_trace(rules)->steps);
}

/* Return: whether the races are exactly the conflicts between unordered calls; adds to both counts. */
static bool races_are_conflicts_without_order(size_t *conflict_count, size_t *race_count)
{
	const struct access_log *access_log = rules_access_log(rules);

	for (size_t j = 0; j < access_log->access_count; j++)
		for (size_t i = 0; i < j; i++) {
			const struct access *a = &access_log->accesses[i], *b = &access_log->accesses[j];

			if (!accesses_conflict(a, b))
				continue;
			(*conflict_count)++;
			*race_count += race_is_recorded(access_log, a, b);
			if (race_is_recorded(access_log, a, b) ==
			    is_ordered_before(find_step_index_of_call(a->call),
					      find_step_index_of_call(b->call)))
				return false;
		}
	return true;
}

static void test_random_programs(void)
{
	unsigned int count = scale_repeat_count(PROGRAMS), i;
	size_t pairs = 0, races = 0;
	uint64_t state = 1;

	for (i = 0; i < count; i++) {
		make_interacting_program(&state, &program, 50, OP_COUNT);
		rules_evaluate(rules, &program);
		happens_before_compute(&happens, &program, rules_trace(rules), SIZE_MAX);
		if (!races_are_conflicts_without_order(&pairs, &races))
			break;
	}
	ok(i == count && races && pairs > races,
	   "%zu conflicts in %u programs: the %zu races are those without an order", pairs, i, races);
}

/* Checks that the fatal call of @calls breaks @rule, and has the causes @expected_causes (call indices). */
static void check_causes(const char *calls, enum rule rule, const char *expected_causes,
			 const char *check_name)
{
	struct causes causes;
	char got[80] = "";
	bool good = evaluate_text_and_return_true(calls) && rules_verdict(rules)->fatal_rule == rule;

	cause_find_for_fatal_call(&program, rules, &causes);
	for (size_t i = 0; i < causes.call_count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " %u", causes.cause_calls[i]);
	ok(good && !strcmp(got, expected_causes), "%s", check_name);
}

#define P0 "p0 = alloc_page(GFP_KERNEL)\n"
#define P1 "p1 = alloc_page(GFP_KERNEL)\n"
#define K0 "k0 = kmap_local(p0)\n"

static void test_causes(void)
{
	check_causes(P0 "get_page(p0)\nfree_page(p0)\nfree_page(p0)\nread_raw(p0, 0, 1)\n",
		     RULE_use_after_free, " 3", "use-after-free: the last free");
	check_causes(P0 P1 "free_page(p0)\nfree_page(p1)\ncopy_page(p1, 0, p0, 0, 1)\n", RULE_use_after_free,
		     " 3", "use-after-free of a copy: the free of the destination");
	check_causes(P0 P1 "free_page(p0)\ncopy_page(p1, 0, p0, 0, 1)\n", RULE_use_after_free, " 2",
		     "use-after-free of a copy: the free of the source");
	check_causes(P0 K0 "free_page(p0)\nload(k0, 0, 1)\n", RULE_use_after_free, " 2",
		     "use-after-free through a mapping: the free of the page");
	check_causes(P0 K0 "kunmap_local(k0)\nload(k0, 0, 1)\n", RULE_use_after_unmap, " 2",
		     "use-after-unmap: the unmap");
	check_causes(P0 "T0: " K0 "T1: load(k0, 0, 1)\n", RULE_foreign_map, " 1", "foreign-map: the map");
	check_causes(P0 K0 "k1 = kmap_local(p0)\nk2 = kmap_local(p0)\nkunmap_local(k2)\n"
			   "k3 = kmap_local(p0)\nkunmap_local(k0)\n",
		     RULE_unmap_order, " 5 2", "unmap-order: the newer mappings, newest first");
	check_causes(P0 K0 "load(k0, PAGE_SIZE, 1)\n", RULE_out_of_bounds, "", "out-of-bounds: no call");
}

static void test_causes_of_uninit_byte(void)
{
	struct causes causes;

	ok(evaluate_text_and_return_true(
		   "p0 = alloc_page(GFP_KERNEL)\np1 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
		   "write_raw(p0, 0, 8, 1)\ncopy_page(p1, 16, p0, 4, 8)\n"
		   "copy_page(p1, 64, p1, 16, 8)\nk0 = kmap_local(p1)\nload(k0, 64, 8)\n") &&
		   rules_verdict(rules)->uninit_use_count == 1 &&
		   rules_verdict(rules)->uninit_uses[0].from == 68,
	   "the use of a copied uninitialised byte is found");
	cause_find_uninit_byte_origin(&program, rules, 6, 1, 68, &causes);
	ok(causes.call_count == 3 && causes.cause_calls[0] == 4 && causes.cause_calls[1] == 3 &&
		   causes.cause_calls[2] == 0,
	   "its causes are two copies and an allocation");
}

static void test_blocked_threads_of_deadlock(void)
{
	struct blocked_thread b[PROGRAM_THREADS];

	ok(evaluate_text_and_return_true(
		   "T0: lock(m0)\nT1: lock(m0)\nT2: wait(s0)\nmain: fail_nth(0)\nT3: post(s0)\n") &&
		   cause_find_blocked_threads(&program, rules, b) == 4 && b[0].why == BLOCKED_MUTEX &&
		   b[0].blocking_call == 0 && b[1].why == BLOCKED_SEMAPHORE && b[2].why == BLOCKED_THREADS &&
		   b[2].blocking_call == 1 && b[3].why == BLOCKED_MAIN && b[3].blocking_call == 3,
	   "deadlock: the reason of each thread");
}

UNIT_TEST(test_happens)
{
	rules = rules_new();
	if (!rules)
		abort();
	test_edges();
	test_random_programs();
	test_causes();
	test_causes_of_uninit_byte();
	test_blocked_threads_of_deadlock();
	rules_delete(rules);
}
