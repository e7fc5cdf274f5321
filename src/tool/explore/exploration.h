/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Evaluates a program in every order of its calls, and collects the verdicts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/model/orders.h"

/* A verdict, and whether the expected results (`->`) of the program hold. */
struct order_verdict {
	rule_set broken;
	bool results_hold; /* true for a program without expected results */
};

/* The most distinct verdicts. */
#define ORDER_VERDICTS (1u << (RULE_COUNT + 1))

/* A verdict that differs from the verdict of the line order. */
struct other_verdict {
	struct order_verdict verdict;
	uint64_t order_count; /* orders with this verdict */
	struct program
		*program; /* the calls in the first such order, with `expect` and `->` that hold there */
};

struct exploration {
	struct program program;
	struct order_verdict in_line_order;
	uint64_t order_count; /* evaluated orders */
	bool is_limited;      /* the search stopped at its limit, and more orders may exist */
	size_t other_count;
	struct other_verdict others[ORDER_VERDICTS]; /* in the order in which the search found them */
};

struct exploration_settings {
	struct rules *rules;
	struct orders *orders;
	unsigned int order_limit;
	bool is_unreduced; /* evaluate also equivalent orders (orders.h) */
};

/*
 * Evaluates exploration->program in every order. @file: the name of the program, for the status line.
 * Return: false if there is no memory.
 */
bool exploration_run(struct exploration *exploration, const struct exploration_settings *settings,
		     const char *file);

/* Frees the programs of the other verdicts. */
void exploration_destroy(struct exploration *exploration);
