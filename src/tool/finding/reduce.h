/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the smallest input that fails in the same way as a given input. */
#pragma once

#include "tool/finding/signature.h"

struct reduction {
	const char *input_name;        /* for the status line */
	struct test_input input;       /* reduce_input() replaces it by the smallest input */
	struct signature signature;    /* of the failure of the input, in all flavours */
	unsigned long candidate_count; /* candidates that were made, executed or not */
	unsigned long execution_count; /* executions of candidates, in all flavours together */
};

/*
 * Minimises the input. A program is minimised call by call, and the result fails in the same way in
 * all flavours. A text loses lines; then the arguments of calls become 0, or other texts lose
 * bytes. Return: whether the input, even if it could not become smaller, still fails in the same
 * way. False also if there is no memory. If false, the input is unchanged.
 */
bool reduce_input(struct reduction *reduction, struct oracle *oracle);
