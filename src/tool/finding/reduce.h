/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the smallest input that fails in the same way as a given input. */
#ifndef TOOL_REDUCE_H
#define TOOL_REDUCE_H

#include "tool/finding/signature.h"

struct reduction {
	const char *input_name;	    /* for the status line */
	struct test_input input;    /* a failing input; reduce_input() replaces it by the smallest one */
	struct signature signature; /* of the failure of the input, in all flavours */
	unsigned long candidate_count, execution_count;
};

/*
 * Minimises the input. The smallest program fails in the same way in all flavours. A text loses lines
 * first, then bytes; arguments of calls become 0.
 * Return: false if there is no memory or the failure does not stay the same; the input is then unchanged.
 */
bool reduce_input(struct reduction *reduction, struct oracle *oracle);

#endif
