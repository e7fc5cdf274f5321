/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Inputs that go wrong while the library is good, to test that `run` and `replay` notice. In
 * pagetorture-dev a program with the comment
 *
 *     # misbehave: WAY
 *
 * does so. For pagetorture, which users have, the comment is a comment.
 */
#ifndef DEV_MISBEHAVE_H
#define DEV_MISBEHAVE_H

#include "harness/checker.h"

enum misbehave_when { EXECUTING, ENDING, DYING };

struct misbehave_way {
	void (*misbehave)(struct checker *checker);
	const char *name;
	enum misbehave_when when; /* DYING: it needs a program with a fatal call that can be seen */
	const char *expected_kind;	  /* of the result that it must have (tool/run/kind.def) */
};

/* A way without a name ends them. */
extern const struct misbehave_way misbehave_ways[];

/* From now on inputs of this process misbehave as their comments say. */
void misbehave_enable(void);

#endif
