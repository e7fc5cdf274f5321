/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The outcomes that a program may have: those of all orders of its calls, by the rule model. An execution in
 * which calls overlap must have the outcome of one of these orders (linearisability): the results of the
 * calls, the initialised bytes that they read, and the pages at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/trace.h"

struct outcomes {
	const struct program *program;
	size_t count, most_recent; /* most_recent: the outcome that matched last, which is compared first */
	struct outcome *items[256];
};

/* Frees all outcomes. */
void outcomes_clear(struct outcomes *outcomes);

/*
 * Adds the outcome of an order of the program, in which every call runs. @ordered has the calls in this
 * order, with the line numbers of the program; @trace is the rule model's trace of @ordered. An equal outcome
 * is not added again. Return: false if there is no space.
 */
bool outcomes_add(struct outcomes *outcomes, const struct trace *trace, const struct program *ordered);

/* Return: whether @trace, with the step of call i in steps[i], has one of the outcomes. */
bool outcomes_contain(struct outcomes *outcomes, const struct trace *trace);
