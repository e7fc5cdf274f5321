/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Searches the orders in which the calls of a program can run, and evaluates the rules in each order.
 *
 * An order is possible if each thread runs its own lines in order, a line of main runs after all lines above
 * it and before all lines below it, and no call runs while it is blocked. Two orders are equivalent if they
 * differ only in the order of independent calls (dependence.h); equivalent orders break the same rules.
 *
 * 1. The search evaluates at least one order of each set of equivalent orders.
 * 2. The search evaluates no two equivalent orders (sleep sets).
 * 3. An order ends at its first fatal call: orders that differ only after this call are one order.
 * 4. A search that stops at a limit says so.
 *
 * The search assumes at first that no call is fatal except those that are fatal in the order of the lines.
 * When another call is fatal in some order, the search begins again: a new pass. tests/test_orders.c compares
 * the search with a search of all orders.
 */
#pragma once

#include <stdint.h>

#include "harness/model/dependence.h"
#include "harness/model/rules.h"

/* One order, after its evaluation. */
struct order {
	/* The calls in this order; calls that did not run follow. The lines are those of the given program.
	 */
	const struct program *program;
	const struct rules *rules; /* the results of rules_evaluate() for @program */
	size_t run_count;          /* number of calls that ran, with a fatal call */
	unsigned int pass;         /* a later pass begins again, and reports all orders again */
};

/* Gets each order that the search evaluates. Return: false to stop the search. */
typedef bool (*order_fn)(void *ctx, const struct order *order);

struct orders_request {
	const struct program *program;
	struct rules *rules;                        /* the search evaluates orders with these rules */
	uint64_t order_limit;                       /* the most orders to evaluate in each pass; at least 1 */
	bool is_unreduced;                          /* evaluate all orders, also equivalent ones */
	calls_are_dependent_fn calls_are_dependent; /* NULL: the function of dependence.h */
	order_fn handle_order;
	void *ctx;
};

struct orders_totals {
	uint64_t order_count; /* orders that the last pass evaluated */
	uint64_t cut_count;   /* orders that the last pass began, but found equivalent to evaluated orders */
	unsigned int pass_count;
	bool is_limited; /* the search stopped at its limit, and more orders may exist */
};

/* A search, which can search the orders of any number of programs, one after the other. */
struct orders;

/* Return: NULL if there is no memory. */
struct orders *orders_new(void);
void orders_delete(struct orders *orders);

/*
 * Calls request->handle_order() for each order. The search also stops, with is_limited, after as many steps
 * as the longest possible orders can take that the limit allows.
 */
struct orders_totals orders_search(struct orders *orders, const struct orders_request *request);
