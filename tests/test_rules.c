/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests properties of the rule model that hold for any program. Other tests of the rule model: corpus/rules,
 * test_happens.c and reference.py, a second model.
 */
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program, changed;
static struct rules *rules;

static rule_set find_broken_rules(const struct program *p)
{
	rules_evaluate(rules, p);
	return rules_verdict(rules)->broken;
}

/* Return: whether the model finds no race if one thread makes all calls. */
static bool one_thread_never_races(uint64_t seed)
{
	make_interacting_program(&seed, &program, 30, OP_COUNT);
	for (size_t i = 0; i < program.count; i++)
		program.calls[i].thread = 1;
	return !(find_broken_rules(&program) & RULE_BIT(RULE_data_race));
}

/* Return: whether the verdict and the number of races stay the same if threads and pages are renumbered. */
static bool names_do_not_matter(uint64_t seed)
{
	rule_set before;
	size_t races;

	make_interacting_program(&seed, &program, 30, OP_lock);
	before = find_broken_rules(&program);
	races = rules_access_log(rules)->race_count;
	for (size_t i = 0; i < program.count; i++) {
		struct call *call = &program.calls[i];

		call->thread = call->thread ? (uint8_t)(PROGRAM_THREADS - call->thread) : 0;
		call->handle[0] = (uint8_t)(PROGRAM_PAGES - 1 - call->handle[0]);
	}
	return find_broken_rules(&program) == before && rules_access_log(rules)->race_count == races;
}

/* Return: whether the model finds no race if main makes a call after each call. */
static bool joins_prevent_races(uint64_t seed)
{
	make_interacting_program(&seed, &program, 20, OP_lock);
	changed = program;
	changed.count = 0;
	for (size_t i = 0; i < program.count; i++) {
		changed.calls[changed.count++] = program.calls[i];
		changed.calls[changed.count++] =
			(struct call){ .op = OP_get_page, .handle = { 7 }, .expected_result = RESULT_NONE };
	}
	return !(find_broken_rules(&changed) & RULE_BIT(RULE_data_race));
}

UNIT_TEST(test_rules)
{
	rules = rules_new();
	check_seeds(2000, one_thread_never_races, "one thread never races");
	check_seeds(2000, names_do_not_matter, "names of threads and handles do not matter");
	check_seeds(2000, joins_prevent_races, "with a line of main between all lines there is no race");
	rules_delete(rules);
}
