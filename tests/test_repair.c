/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/repair.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program, before;
static struct rules *rules;
static size_t calls_before, calls_after;

static bool repaired_program_is_clean(uint64_t seed)
{
	make_interacting_program(&seed, &program, 50, OP_COUNT);
	calls_before += program.count;
	repair_program_until_clean(&program, rules);
	rules_evaluate(rules, &program);
	calls_after += program.count;
	return !rules_verdict(rules)->broken && program_valid(&program);
}

static bool clean_program_is_unchanged(uint64_t seed)
{
	make_interacting_program(&seed, &program, 50, OP_COUNT);
	repair_program_until_clean(&program, rules);
	before = program;
	repair_program_until_clean(&program, rules);
	return program_calls_equal(&before, &program);
}

UNIT_TEST(test_repair)
{
	rules = rules_new();
	check_seeds(3000, repaired_program_is_clean, "a repaired program breaks no rule");
	check_seeds(1000, clean_program_is_unchanged, "a program that breaks no rule stays as it is");
	if (!ok(2 * calls_after > calls_before, "more than half of the calls survive"))
		printf("# %zu of %zu\n", calls_after, calls_before);
	rules_delete(rules);
}
