/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parts of reproduce share; nobody else includes this.
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

#define COMMAND_MAX 4096

struct command_line {
	char text[COMMAND_MAX];
	size_t used;
	bool whole;
};

/* One way to see a rule, or that there is nothing to see (RULE_COUNT). */
struct attempt {
	enum rule rule;
	bool wanted; /* it is to be seen, or not to be */
	const struct build *build; /* NULL: nothing that is here sees it */
	const char *lacks; /* then: what */
	bool alias;
};

/* The build of that name, or NULL if its library is not here. */
const struct build *build_named(const struct reproduce_options *options, const char *flavour);

/* The compiler that is asked for, or the one of this build. */
const char *compiler_of(const struct reproduce_options *options);

/* The line that compiles it here. Return: false if this build has no such flavour of the library. */
bool compile_here(const struct reproduce_options *options, const struct build *build,
		  struct command_line *line);

/* The line for a library that is installed. */
void compile_installed(const struct reproduce_options *options, const struct build *build,
		       struct command_line *line);

/* Did the run show what is tried? */
bool attempt_seen(const struct program *program, const struct rules *rules,
		  const struct attempt *attempt, const struct isolated *child);

/* The line of its output that says most of how a child ended. */
const char *told_line(const struct isolated *child);

#endif
