/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Decides for two calls of different threads whether their order matters. If two calls are independent and
 * both can run, then in both orders:
 *
 * 1. Each of the two calls has the same result, reads the same bytes, and is skipped or not in the same way.
 * 2. Each of the two calls breaks the same rules, as long as no fatal rule ends the program in between.
 * 3. The same state and the same happens-before order follow.
 * 4. No call makes the other call block, or lets it continue.
 *
 * Calls that are called dependent may still be independent. tests/test_orders.c checks 1 and 2.
 */
#pragma once

#include <stdbool.h>

#include "harness/program/program.h"

struct dependence {
	/* For each mapping handle, a bit for each page that a call of the program may map with this handle.
	 */
	uint8_t mapped_pages[PROGRAM_MAPS];
};

/* A function such as calls_are_dependent(). */
typedef bool (*calls_are_dependent_fn)(const struct dependence *dependence, const struct call *a,
				       const struct call *b);

void dependence_init(struct dependence *dependence, const struct program *program);

/* Return: whether the order of the two calls may matter; @a and @b are calls of the program. */
bool calls_are_dependent(const struct dependence *dependence, const struct call *a, const struct call *b);

/* The same with a limit of pages (rules_limit_pages()), so that the order of any two allocations or frees
 * matters. */
bool calls_are_dependent_with_page_limit(const struct dependence *dependence, const struct call *a,
					 const struct call *b);
