/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The smallest program that fails as a given one does. */
#ifndef TOOL_REDUCE_H
#define TOOL_REDUCE_H

#include "tool/finding/signature.h"

struct reduction {
	const char *name;	 /* stands in the status line */
	struct program program;	 /* that fails; then the smallest that does so */
	struct signature signature; /* its failure, with all flavours asked */
	unsigned long tried, executed;
};

/*
 * Makes the program as small as it gets; it then fails in the same way, seen by all
 * flavours. Return: false without memory, or if the failure itself does not stay the same;
 * the program is then left as it was.
 */
bool reduce(struct reduction *reduction, struct judge *judge);

#endif
