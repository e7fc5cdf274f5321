/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes inputs fail although the library is correct, to test that `run` and `replay` detect failures. In
 * pagetorture-dev a program misbehaves in the way that its comment requests:
 *
 *     # misbehave: WAY
 *
 * The installed pagetorture ignores the comment.
 */
#ifndef DEV_MISBEHAVE_H
#define DEV_MISBEHAVE_H

#include "harness/checker.h"

enum misbehave_when { EXECUTING, ENDING, DYING };

struct misbehave_way {
	void (*misbehave)(struct checker *checker);
	const char *name;
	enum misbehave_when when; /* DYING: in the child that runs the fatal call */
	const char *expected_kind;	  /* name of the result kind of the input (tool/run/kind.def) */
};

/* The last way has no name. */
extern const struct misbehave_way misbehave_ways[];

/* Makes inputs of this process misbehave as their comments request. */
void misbehave_enable(void);

#endif
