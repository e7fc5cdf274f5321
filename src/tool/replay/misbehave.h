/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Inputs that go wrong while the library is good, so that it can be shown that `replay`
 * notices. Two things have to come together: the program has a comment
 *
 *     # misbehave: WAY
 *
 * and `replay` was given --misbehave. The comment alone is a comment, in any corpus and for
 * any other command; the option alone changes nothing. It is an option and no variable of the
 * environment, which could be set without anybody's knowing, and what it arms is told.
 */
#ifndef TOOL_MISBEHAVE_H
#define TOOL_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>

enum misbehaviour {
	MISBEHAVE_NOT,
#define WAY(id, name, when, seen) MISBEHAVE_##id,
#include "tool/replay/misbehave.def"
#undef WAY
	MISBEHAVIOURS
};

struct misbehave_way {
	const char *name;
	const char *seen; /* the name of what replay is to call it (replay_kind.def) */
	bool dying;	  /* it needs a program with a fatal call that can be seen */
};

/* By enum misbehaviour; the first is nothing. */
extern const struct misbehave_way misbehave_ways[MISBEHAVIOURS];

/* What inputs ask for, from now on, they get. */
void misbehave_arm(void);

/* The next trial is of an input with this content, which a NUL need not end. */
void misbehave_next(const char *content, size_t size);

#endif
