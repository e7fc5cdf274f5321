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

#include <stdbool.h>
#include <stddef.h>

enum misbehaviour {
	MISBEHAVE_NOT,
#define WAY(id, name, when, seen) MISBEHAVE_##id,
#include "dev/misbehave/misbehave.def"
#undef WAY
	MISBEHAVIOURS
};

struct misbehave_way {
	const char *name;
	const char *kind; /* of the result that it must have (tool/run/kind.def) */
	bool dying;	  /* it needs a program with a fatal call that can be seen */
};

/* By enum misbehaviour; the first is nothing. */
extern const struct misbehave_way misbehave_ways[MISBEHAVIOURS];

/* From now on inputs of this process misbehave as their comments say. */
void misbehave_enable(void);

#endif
