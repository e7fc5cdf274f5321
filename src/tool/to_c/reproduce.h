/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Does a program's C file show what it is to show? It is compiled and run by the very lines
 * that its first comment has, once for each rule, in the flavour that sees it.
 */
#ifndef TOOL_REPRODUCE_H
#define TOOL_REPRODUCE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"

enum reproduced {
	REPRODUCED,
	REPRODUCED_NOT,
	REPRODUCED_UNTRIED, /* not asked to, or no compiler or build of the library */
};

struct reproduce_options {
	const char *name;     /* of the program */
	const char *source;   /* the C file, without its directory */
	const char *binary;   /* what it is compiled to, beside it */
	const char *compiler; /* NULL: the one of this build */
	bool deterministic;
	bool run;
	unsigned int seconds; /* for each run */
};

struct reproduction {
	enum reproduced result;
	char why[512]; /* one line if it is not reproduced */
	char *text;    /* the C file, the caller's to free; NULL: no memory */
	size_t size;
};

/* @rules has judged @program last. */
void reproduce(const struct program *program, const struct rules *rules,
	       const struct reproduce_options *options, struct reproduction *reproduction);

#endif
