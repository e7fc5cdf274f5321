/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the smallest input that fails in the same way as a given input. */
#pragma once

#include "tool/finding/signature.h"

struct reduction {
	const char *input_name;        /* for the status line */
	struct test_input input;       /* reduce_input() replaces this input by the smallest input */
	struct signature signature;    /* of the input's failure, in all flavours */
	unsigned long candidate_count; /* number of smaller inputs that were made, executed or not */
	unsigned long execution_count; /* number of executions of smaller inputs, in all flavours */
};

/*
 * Minimises the input. Drops calls of a program and makes the other calls simpler; the smallest program fails
 * in the same way in all flavours. Removes lines from a text; then, in a text of calls, replaces arguments by
 * 0, or removes bytes from another text. Return: whether the input, even if it is not smaller now, still
 * fails in the same way. If the return value is false, which also means that there was no memory, the input
 * is unchanged.
 */
bool reduce_input(struct reduction *reduction, struct oracle *oracle);
