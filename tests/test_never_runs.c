/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Compares the calls that never_runs_find() returns with the calls that the rule model skips. */
#include "harness/model/never_runs.h"

#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program;
static struct rules *rules;
static struct never_runs found[PROGRAM_CALLS];
static size_t count, named_total, unreached_total;
static bool are_sorted = true, stay_skipped = true;

static bool is_in_found_calls(size_t call_index)
{
	for (size_t i = 0; i < count; i++)
		if (found[i].call == call_index)
			return true;
	return false;
}

/* Return: whether the model skips exactly the found calls; after a failed allocation, it may skip more. */
static bool found_calls_equal_skipped_calls(void)
{
	const struct trace *trace = rules_trace(rules);
	bool failed = false;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];

		failed |= step->result == RESULT_ENOMEM;
		if (is_in_found_calls(step->call) != step->was_skipped && !(step->was_skipped && failed))
			return false;
	}
	return true;
}

/* Return: whether the rule model, without the fatal call, skips all found calls after that place. */
static bool remove_fatal_call_and_check_skipped(void)
{
	const struct verdict *v = rules_verdict(rules);
	size_t fatal = v->fatal_call;

	if (fatal == VERDICT_NONE || v->fatal_rule == RULE_deadlock)
		return true;
	program.count--;
	for (size_t i = fatal; i < program.count; i++)
		program.calls[i] = program.calls[i + 1];
	rules_evaluate(rules, &program);
	for (size_t i = 0; i < count; i++) {
		const struct step *step;

		if (found[i].call < fatal)
			continue;
		step = trace_find_step(rules_trace(rules), found[i].call - 1U);
		unreached_total++;
		if (step && !step->was_skipped)
			return false;
	}
	return true;
}

static bool found_calls_of_seed_equal_skipped(uint64_t seed)
{
	uint64_t state = seed;
	bool found_equal_skipped;

	if (seed % 2)
		make_interacting_program(&state, &program, 50, OP_COUNT);
	else
		make_random_program(&state, &program, 60);
	rules_evaluate(rules, &program);
	count = never_runs_find(&program, rules, found);
	named_total += count;
	found_equal_skipped = found_calls_equal_skipped_calls();
	for (size_t i = 1; i < count; i++)
		are_sorted &= found[i - 1].call < found[i].call;
	stay_skipped &= remove_fatal_call_and_check_skipped();
	return found_equal_skipped;
}

UNIT_TEST(test_never_runs)
{
	rules = rules_new();
	check_seeds(4000, found_calls_of_seed_equal_skipped,
		    "the calls that are found are those that the model skips");
	ok(are_sorted, "each call is found once, in the order of lines");
	ok(stay_skipped, "a call after the fatal call that is found would be skipped");
	ok(named_total > 10000 && unreached_total > 1000, "more than 10,000 calls are found");
	printf("# %zu named, %zu of them after the end\n", named_total, unreached_total);
	rules_delete(rules);
}
