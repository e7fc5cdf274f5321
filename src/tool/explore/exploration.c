/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/exploration.h"

#include <stdlib.h>

#include "harness/model/expectations.h"
#include "tool/util/status.h"

/* The number of orders between two looks at the clock. */
#define ORDERS_PER_STATUS 1024

struct collector {
	struct exploration *exploration;
	const char *file;
	unsigned int pass;
	bool has_memory;
};

static struct order_verdict find_verdict(const struct program *program, const struct rules *rules)
{
	char difference[EXPECTATION_TEXT];

	return (struct order_verdict){ rules_verdict(rules)->broken,
				       expected_results_hold(program, rules, difference) };
}

static bool verdicts_are_equal(const struct order_verdict *a, const struct order_verdict *b)
{
	return a->broken == b->broken && a->results_hold == b->results_hold;
}

static struct other_verdict *find_other_verdict(struct exploration *exploration,
						const struct order_verdict *verdict)
{
	for (size_t i = 0; i < exploration->other_count; i++)
		if (verdicts_are_equal(&exploration->others[i].verdict, verdict))
			return &exploration->others[i];
	return NULL;
}

/* Return: NULL if there is no memory. */
static struct other_verdict *add_other_verdict(struct exploration *exploration,
					       const struct order_verdict *verdict, const struct order *order)
{
	struct other_verdict *other = &exploration->others[exploration->other_count];

	*other = (struct other_verdict){ *verdict, 0, malloc(sizeof(*other->program)) };
	if (!other->program)
		return NULL;
	*other->program = *order->program;
	expectations_set_from_rules(other->program, order->rules);
	program_update_lines(other->program);
	exploration->other_count++;
	return other;
}

/* Verdicts of an earlier pass remain, so that a limit in a later pass loses none. */
static void begin_pass(struct collector *collector, unsigned int pass)
{
	struct exploration *exploration = collector->exploration;

	collector->pass = pass;
	for (size_t i = 0; i < exploration->other_count; i++)
		exploration->others[i].order_count = 0;
}

static bool collect_order(void *ctx, const struct order *order)
{
	struct collector *collector = ctx;
	struct exploration *exploration = collector->exploration;
	struct order_verdict verdict = find_verdict(order->program, order->rules);
	struct other_verdict *other;

	if (order->pass != collector->pass)
		begin_pass(collector, order->pass);
	if (++exploration->order_count % ORDERS_PER_STATUS == 0)
		status_print_at_interval("explore: %s: %llu orders", collector->file,
					 (unsigned long long)exploration->order_count);
	if (verdicts_are_equal(&verdict, &exploration->in_line_order))
		return true;
	other = find_other_verdict(exploration, &verdict);
	if (!other)
		other = add_other_verdict(exploration, &verdict, order);
	collector->has_memory = other;
	if (other)
		other->order_count++;
	return other;
}

/*
 * An earlier pass may have found a verdict in an order that the last pass did not reach because of the limit.
 */
static void count_orders_of_earlier_passes(struct exploration *exploration)
{
	for (size_t i = 0; i < exploration->other_count; i++)
		if (!exploration->others[i].order_count)
			exploration->others[i].order_count = 1;
}

bool exploration_run(struct exploration *exploration, const struct exploration_settings *settings,
		     const char *file)
{
	struct collector collector = { exploration, file, 0, true };
	const struct orders_request request = {
		.program = &exploration->program,
		.rules = settings->rules,
		.order_limit = settings->order_limit,
		.is_unreduced = settings->is_unreduced,
		.handle_order = collect_order,
		.ctx = &collector,
	};
	struct orders_totals totals;

	rules_evaluate(settings->rules, &exploration->program);
	exploration->in_line_order = find_verdict(&exploration->program, settings->rules);
	exploration->order_count = exploration->other_count = 0;
	totals = orders_search(settings->orders, &request);
	status_erase();
	exploration->order_count = totals.order_count;
	count_orders_of_earlier_passes(exploration);
	exploration->is_limited = totals.is_limited;
	return collector.has_memory;
}

void exploration_destroy(struct exploration *exploration)
{
	for (size_t i = 0; i < exploration->other_count; i++)
		free(exploration->others[i].program);
	exploration->other_count = 0;
}
