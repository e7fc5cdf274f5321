/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The smallest input that fails as a given one does. */
#ifndef TOOL_REDUCE_H
#define TOOL_REDUCE_H

#include "tool/finding/signature.h"

struct reduction {
	const char *input_name;	    /* for the status line */
	struct test_input input;    /* that fails; then the smallest that fails in the same way */
	struct signature signature; /* of its failure, with all flavours executed */
	unsigned long candidate_count, execution_count;
};

/*
 * Makes the input as small as it gets. Of a program, the smallest one fails in the same way in all
 * flavours. Of a text first lines are left out, then bytes; numbers of calls become 0.
 * Return: false without memory, or if the failure does not stay the same; then the input is unchanged.
 */
bool reduce_input(struct reduction *reduction, struct oracle *oracle);

#endif
