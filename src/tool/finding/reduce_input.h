/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The smallest input of a fuzz target, which is no page program, that fails as a given one does. */
#ifndef TOOL_REDUCE_INPUT_H
#define TOOL_REDUCE_INPUT_H

#include <stdint.h>

#include "tool/finding/signature.h"

struct input_reduction {
	const char *name; /* in the status line */
	uint8_t *bytes;	  /* that fail; then the smallest that do so */
	size_t size;
	struct signature signature; /* their failure */
	unsigned long tried;
};

/* What an input is made of: "calls" or "bytes". Return: how many @reduction has. */
size_t input_units(const struct input_reduction *reduction, const struct fuzz_target *target,
		   const char **unit);

/*
 * Calls are left out, and then their numbers become 0; of a text first lines are left out, then
 * bytes. Return: false without memory, or if the failure does not stay the same.
 */
bool reduce_input(struct input_reduction *reduction, struct judge *judge);

#endif
