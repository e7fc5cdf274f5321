/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the search of orders.h against a search of all orders: for random programs both find the same result
 * classes, and the reduced search evaluates exactly one order of each set of equivalent orders. Equivalent
 * orders have equal normal forms, which this test computes by itself. A second relation, in which accesses to
 * pages are independent, shows that the comparison can fail.
 */
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/model/orders.h"
#include "tests/small_program.h"
#include "tests/tap.h"

#define PROGRAMS   1500
#define ORDERS_MAX 2000 /* programs with more orders are not compared */
#define CLASSES    (1u << RULE_COUNT)
#define SHAPES     6

static struct program program;
static struct rules *rules;
static struct orders *orders;

/* ---- the orders that one search evaluates ---- */

/* An order without the difference between equivalent orders, and what the rule model computed for it. */
struct form {
	uint64_t normal_form_hash, outcome_hash;
};

struct found_orders {
	struct dependence dependence;
	bool has_class[CLASSES];
	size_t count;
	unsigned int pass;
	struct form forms[ORDERS_MAX];
};

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	uint64_t state = hash ^ number;

	return random_next(&state);
}

/* Return: whether a call before @to in the order that is not yet in the normal form must precede @to. */
static bool must_wait(const struct found_orders *found, const struct order *order, const bool *is_done,
		      size_t to)
{
	const struct call *calls = order->program->calls;
	enum rule fatal_rule = rules_verdict(order->rules)->fatal_rule;
	size_t fatal_call = rules_verdict(order->rules)->fatal_call;

	for (size_t i = 0; i < to; i++)
		if (!is_done[i] && ((to == fatal_call && fatal_rule != RULE_deadlock) ||
				    calls_are_dependent(&found->dependence, &calls[i], &calls[to])))
			return true;
	return false;
}

/* Return: the call of the lowest line that can come next in the normal form. */
static size_t find_next_of_normal_form(const struct found_orders *found, const struct order *order,
				       const bool *is_done)
{
	const struct call *calls = order->program->calls;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < order->run_count; i++)
		if (!is_done[i] && (best == SIZE_MAX || calls[i].line < calls[best].line) &&
		    !must_wait(found, order, is_done, i))
			best = i;
	return best;
}

/* Hashes the first of all equivalent orders, by the numbers of the lines. */
static uint64_t hash_normal_form(const struct found_orders *found, const struct order *order)
{
	bool is_done[SMALL_PROGRAM] = { false };
	uint64_t hash = order->run_count;

	for (size_t n = 0; n < order->run_count; n++) {
		size_t next = find_next_of_normal_form(found, order, is_done);

		is_done[next] = true;
		hash = hash_number(hash, order->program->calls[next].line);
	}
	return hash;
}

/* Hashes the verdict, and for each line whether it was skipped, its result, and the bytes that it read. */
static uint64_t hash_outcome(const struct order *order)
{
	const struct trace *trace = rules_trace(order->rules);
	uint64_t hash = rules_verdict(order->rules)->broken;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];
		uint64_t step_hash = hash_number(order->program->calls[step->call].line, step->was_skipped);

		step_hash = hash_number(step_hash, (uint64_t)step->result);
		for (uint32_t at = step->log_offset; at < step->log_offset + step->log_len; at++)
			step_hash = hash_number(step_hash, trace->bytes[at] & trace->initialised[at]);
		hash += step_hash; /* a sum does not depend on the order of the steps */
	}
	return hash;
}

static bool store_order(void *ctx, const struct order *order)
{
	struct found_orders *found = ctx;

	if (order->pass != found->pass) {
		found->pass = order->pass;
		found->count = 0;
		memset(found->has_class, 0, sizeof(found->has_class));
	}
	if (found->count == ORDERS_MAX)
		return false;
	found->has_class[rules_verdict(order->rules)->broken] = true;
	found->forms[found->count++] = (struct form){ hash_normal_form(found, order), hash_outcome(order) };
	return true;
}

static struct orders_totals find_orders(struct found_orders *found, bool is_unreduced,
					calls_are_dependent_fn is_dependent)
{
	struct orders_request request = { &program,     rules,       UINT64_MAX, is_unreduced,
					  is_dependent, store_order, found };

	found->count = found->pass = 0;
	dependence_init(&found->dependence, &program);
	return orders_search(orders, &request);
}

/* ---- random programs ---- */

static void make_program(uint64_t seed)
{
	static const struct small_program_kind kind = {
		.calls_of_main = "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\np1 = alloc_page(GFP_KERNEL)\n"
				 "u0 = user_slice(64, 1)\n",
	};
	unsigned int shape = (unsigned int)(seed % SHAPES);

	if (shape < 4)
		make_small_program(&seed, &program, &kind, 2 + shape % 2, 2 + shape / 2);
	else
		make_interacting_program(&seed, &program, 11, OP_COUNT);
	set_line_numbers(&program, 1);
}

/* ---- the comparison ---- */

static struct comparison {
	struct found_orders all, reduced;
	size_t normal_form_count, reduced_form_count;
} comparison;

/* Sums over the compared programs. */
struct sums {
	unsigned int programs, programs_with_passes;
	unsigned long long all_orders, reduced_orders, cut_orders;
	/* Programs for which the searches differ; first_wrong_seed is the seed of the first one. */
	unsigned int other_classes, other_forms, other_outcomes;
	uint64_t first_wrong_seed;
};

static int compare_forms(const void *a, const void *b)
{
	const struct form *left = a, *right = b;

	return (left->normal_form_hash > right->normal_form_hash) -
	       (left->normal_form_hash < right->normal_form_hash);
}

static size_t sort_and_count_normal_forms(struct found_orders *found)
{
	size_t count = 0;

	qsort(found->forms, found->count, sizeof(found->forms[0]), compare_forms);
	for (size_t i = 0; i < found->count; i++)
		count += !i || found->forms[i].normal_form_hash != found->forms[i - 1].normal_form_hash;
	return count;
}

static bool classes_are_equal(void)
{
	return !memcmp(comparison.all.has_class, comparison.reduced.has_class,
		       sizeof(comparison.all.has_class));
}

static bool each_form_was_evaluated_once(void)
{
	return comparison.reduced.count == comparison.reduced_form_count &&
	       comparison.reduced_form_count == comparison.normal_form_count;
}

static bool equivalent_orders_have_equal_outcomes(void)
{
	const struct form *forms = comparison.all.forms;

	for (size_t i = 1; i < comparison.all.count; i++)
		if (forms[i].normal_form_hash == forms[i - 1].normal_form_hash &&
		    forms[i].outcome_hash != forms[i - 1].outcome_hash)
			return false;
	return true;
}

/* Searches the orders of the program of @seed with both searches, and adds the differences to @sums. */
static void search_and_compare(struct sums *sums, uint64_t seed, calls_are_dependent_fn is_dependent)
{
	struct comparison *c = &comparison;
	struct orders_totals totals;
	bool has_differed = sums->other_classes || sums->other_forms || sums->other_outcomes;

	make_program(seed);
	find_orders(&c->all, true, NULL);
	if (c->all.count == ORDERS_MAX)
		return;
	totals = find_orders(&c->reduced, false, is_dependent);
	c->normal_form_count = sort_and_count_normal_forms(&c->all);
	c->reduced_form_count = sort_and_count_normal_forms(&c->reduced);
	sums->programs++;
	sums->programs_with_passes += totals.pass_count > 1;
	sums->all_orders += c->all.count;
	sums->reduced_orders += c->reduced.count;
	sums->cut_orders += totals.cut_count;
	sums->other_classes += !classes_are_equal();
	sums->other_forms += !each_form_was_evaluated_once();
	sums->other_outcomes += !equivalent_orders_have_equal_outcomes();
	if (!has_differed)
		sums->first_wrong_seed = seed;
}

static void test_random_programs(void)
{
	unsigned int count = scale_repeat_count(PROGRAMS);
	struct sums sums = { 0 };
	bool is_good;

	for (uint64_t seed = 0; seed < count; seed++)
		search_and_compare(&sums, seed, NULL);
	printf("# %u programs, %u of them with a second pass: %llu orders, reduced to %llu; %llu were cut\n",
	       sums.programs, sums.programs_with_passes, sums.all_orders, sums.reduced_orders,
	       sums.cut_orders);
	ok(sums.programs == count && sums.programs_with_passes, "%u programs are compared", count);
	is_good = ok(!sums.other_classes, "the reduced search finds the verdicts of a search of all orders");
	is_good &= ok(!sums.other_forms, "it evaluates one order of each set of equivalent orders");
	is_good &= ok(!sums.other_outcomes, "equivalent orders have equal verdicts, results and bytes");
	if (!is_good)
		printf("# the first wrong seed is %llu\n", (unsigned long long)sums.first_wrong_seed);
}

/* ---- relations that are wrong on purpose ---- */

static bool accesses_are_independent(const struct dependence *dependence, const struct call *a,
				     const struct call *b)
{
	return calls_are_dependent(dependence, a, b) &&
	       (a->thread == b->thread || op_orders_threads(a->op) || op_orders_threads(b->op));
}

static bool frees_are_independent(const struct dependence *dependence, const struct call *a,
				  const struct call *b)
{
	return calls_are_dependent(dependence, a, b) &&
	       (a->thread == b->thread || (a->op != OP_free_page && b->op != OP_free_page));
}

static void test_wrong_relations(void)
{
	unsigned int count = scale_repeat_count(300);
	struct sums sums = { 0 };

	for (uint64_t seed = 0; seed < count; seed++)
		search_and_compare(&sums, seed, accesses_are_independent);
	ok(sums.other_classes && sums.other_forms,
	   "with independent accesses, verdicts of %u of %u programs are missed", sums.other_classes, count);
	parse_calls_or_exit(&program, "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\nT0: free_page(p0)\n"
				      "T1: read_raw(p0, 0, 8)\n");
	find_orders(&comparison.all, true, NULL);
	find_orders(&comparison.reduced, false, NULL);
	ok(classes_are_equal() && comparison.all.has_class[RULE_BIT(RULE_data_race)] &&
		   comparison.all.has_class[RULE_BIT(RULE_use_after_free)],
	   "a use before the free in another order");
	find_orders(&comparison.reduced, false, frees_are_independent);
	ok(!classes_are_equal(), "with independent frees, the other order is missed");
}

/* ---- small programs with known orders ---- */

static void expect_orders(const char *calls, size_t all_count, size_t reduced_count, const char *name)
{
	parse_calls_or_exit(&program, calls);
	find_orders(&comparison.all, true, NULL);
	find_orders(&comparison.reduced, false, NULL);
	if (!ok(comparison.all.count == all_count && comparison.reduced.count == reduced_count,
		"%s: %zu, %zu", name, all_count, reduced_count))
		printf("# got %zu, %zu\n", comparison.all.count, comparison.reduced.count);
}

#define PAGE_0 "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"

static void test_known_orders(void)
{
	expect_orders("", 1, 1, "no call");
	expect_orders(PAGE_0 "T0: read_raw(p0, 0, 8)\nT1: read_raw(p0, 0, 8)\n", 2, 1, "two reads");
	expect_orders(PAGE_0 "T0: write_raw(p0, 0, 8, 1)\nT1: read_raw(p0, 7, 8)\n", 2, 2, "an overlap");
	expect_orders(PAGE_0 "T0: write_raw(p0, 0, 8, 1)\nT1: read_raw(p0, 8, 8)\n", 2, 1, "no overlap");
	expect_orders(PAGE_0 "T0: fail_nth(0)\nT0: fail_nth(0)\nT0: fail_nth(0)\nT1: fail_nth(0)\n"
			     "T1: fail_nth(0)\nT1: fail_nth(0)\n",
		      20, 1, "independent calls");
	expect_orders("T0: fail_nth(0)\nT1: fail_nth(0)\nfail_nth(0)\nT0: fail_nth(0)\nT1: fail_nth(0)\n", 4,
		      1, "a line of main between calls");
	expect_orders("T0: lock(m0)\nT0: unlock(m0)\nT1: lock(m0)\nT1: unlock(m0)\n", 2, 2,
		      "two critical sections");
	expect_orders("T0: wait(s0)\nT1: post(s0)\nT1: fail_nth(0)\n", 2, 1, "a wait after a post");
	expect_orders("T0: lock(m0)\nT0: lock(m1)\nT1: lock(m1)\nT1: lock(m0)\n", 4, 3,
		      "a deadlock in some orders");
	expect_orders("T0: wait(s0)\n", 1, 1, "a deadlock in every order");
	expect_orders("wait(s0)\nT0: post(s0)\n", 1, 1, "main waits forever");
	expect_orders(PAGE_0 "free_page(p0)\nT0: read_raw(p0, 0, 8)\nT1: fail_nth(0)\nT1: fail_nth(0)\n", 3,
		      3, "calls before a fatal call");
	expect_orders(PAGE_0 "T0: free_page(p0)\nT1: read_raw(p0, 0, 8)\nT1: fail_nth(0)\n", 3, 2,
		      "a call that is fatal in another order");
	expect_orders("T0: p0 = alloc_page(GFP_KERNEL)\nT1: p0 = alloc_page(GFP_KERNEL)\n", 2, 2,
		      "two calls that fill a handle");
}

/* ---- limits, and a caller that stops ---- */

static bool stop_at_third_order(void *ctx, const struct order *order)
{
	(void)order;
	return ++*(unsigned int *)ctx < 3;
}

static bool count_order(void *ctx, const struct order *order)
{
	(void)order;
	++*(unsigned int *)ctx;
	return true;
}

static void test_limits(void)
{
	unsigned int count = 0;
	struct orders_request request = { &program, rules, 20, true, NULL, count_order, &count };
	struct orders_totals totals;

	parse_calls_or_exit(&program, PAGE_0 "T0: fail_nth(0)\nT0: fail_nth(0)\nT0: fail_nth(0)\n"
					     "T1: fail_nth(0)\nT1: fail_nth(0)\nT1: fail_nth(0)\n");
	totals = orders_search(orders, &request);
	ok(count == 20 && totals.order_count == 20 && !totals.is_limited,
	   "a limit of all orders is not reached");
	request.order_limit = 19;
	count = 0;
	totals = orders_search(orders, &request);
	ok(count == 19 && totals.order_count == 19 && totals.is_limited, "a lower limit is reached");
	request.order_limit = UINT64_MAX;
	request.handle_order = stop_at_third_order;
	count = 0;
	totals = orders_search(orders, &request);
	ok(count == 3 && !totals.is_limited, "the caller stops the search");
	parse_calls_or_exit(&program, PAGE_0 "T0: read_raw(p0, 0, 8)\nT1: free_page(p0)\n");
	request.handle_order = count_order;
	request.order_limit = 2;
	totals = orders_search(orders, &request);
	ok(totals.order_count == 2 && totals.pass_count == 2 && !totals.is_limited,
	   "each pass has the whole limit");
}

/* Without reduction, even 41 calls have 40! / (5!)^8 orders. */
static void test_many_calls(size_t call_count)
{
	unsigned int count = 0;
	struct orders_request request = { &program, rules, 1000, false, NULL, count_order, &count };
	struct orders_totals totals;

	parse_calls_or_exit(&program, PAGE_0);
	while (program.count < call_count) {
		struct call *call = &program.calls[program.count];

		*call = (struct call){ .op = OP_read_raw, .expected_result = RESULT_NONE };
		call->thread = (uint8_t)(1 + program.count++ % 8);
		call->number[1] = 8;
	}
	totals = orders_search(orders, &request);
	ok(count == 1 && !totals.is_limited && totals.pass_count == 1,
	   "%zu independent calls of 8 threads: one order", call_count);
}

UNIT_TEST(test_orders)
{
	rules = rules_new();
	orders = orders_new();
	if (!rules || !orders)
		exit(99);
	test_known_orders();
	test_limits();
	test_many_calls(41);
	test_many_calls(PROGRAM_CALLS);
	test_random_programs();
	test_wrong_relations();
	orders_delete(orders);
	rules_delete(rules);
}
