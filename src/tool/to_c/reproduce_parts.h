/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parts of reproduce share; no other file includes this.
 *
 *   reproduce.c       what to try, trying it, the file
 *   reproduce_line.c  the lines that compile it
 *   reproduce_seen.c  what a run showed
 */
#ifndef TOOL_REPRODUCE_PARTS_H
#define TOOL_REPRODUCE_PARTS_H

#include "harness/util/isolate.h"
#include "tool/to_c/reproduce.h"

/* What this build compiles a flavour with, and what it links. */
struct build {
	const char *flavour, *flags, *libraries;
};

/* A compilation and a run that show a rule, or that no rule is broken (RULE_COUNT). */
struct attempt {
	enum rule rule;
	bool wanted; /* the run must show it, or must not */
	const struct build *build; /* NULL: no flavour of this build shows it */
	const char *lacks; /* then: the flavour that would, or NULL */
	bool alias;
};

/* The build of that name, or NULL if its library is not here. */
const struct build *build_named(const struct reproduce_options *options, const char *flavour);

/* The compiler that is asked for, or the one of this build. */
const char *compiler_of(const struct reproduce_options *options);

/*
 * The command that compiles the file, with the library of this build or one that is @installed.
 * Return: to be freed; or NULL if this build has no such flavour of the library.
 */
char *compile_command(const struct reproduce_options *options, const struct build *build,
		      bool installed);

/* Did the run show what is tried? */
bool attempt_seen(const struct program *program, const struct rules *rules,
		  const struct attempt *attempt, const struct isolated *child);

/* The line of the output that says most about how a child ended. */
const char *telling_line(const struct isolated *child);

#endif
