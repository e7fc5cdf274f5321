/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the smallest input that fails in the same way as a given input. */
#ifndef TOOL_REDUCE_H
#define TOOL_REDUCE_H

#include "tool/finding/signature.h"

struct reduction {
	const char *input_name;        /* for the status line */
	struct test_input input;       /* reduce_input() replaces it by the smallest input */
	struct signature signature;    /* of the failure of the input, in all flavours */
	unsigned long candidate_count; /* candidates that were made, also rejected candidates */
	unsigned long execution_count; /* gets the executions of all candidates in all flavours */
};

/*
 * Minimises the input. A program is minimised call by call, and the result fails in the same way in
 * all flavours. A text loses lines first; then arguments of calls become 0, and other texts lose
 * bytes.
 * Return: false if there is no memory or the failure does not stay the same; the input is
 * then unchanged.
 */
bool reduce_input(struct reduction *reduction, struct oracle *oracle);

#endif
