/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Making a program as small as it gets while it stays what it is: fewer calls, then fewer
 * threads, then smaller and rounder numbers, then plainer flags, until nothing more goes.
 *
 * What a program is says a question; nothing here runs anything. The result depends on
 * program and answers alone: same answers, same result.
 */
#ifndef HARNESS_MINIMIZE_H
#define HARNESS_MINIMIZE_H

#include <stdbool.h>

#include "harness/program/program.h"

struct minimize {
	struct program best;  /* filled by the caller; then the smallest that was the same */
	struct program candidate; /* the one in question */
	bool (*accepts)(void *ctx, const struct program *candidate);
	void *ctx;
};

/*
 * Every program that is taken is smaller than the one before it, in that order, so this
 * comes to an end.
 */
void minimize(struct minimize *m);

#endif
