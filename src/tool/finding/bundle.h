/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The directory of one failure: what somebody needs who is to mend it.
 *
 *   finding          as the engine left it
 *   program.page     the same as text
 *   minimised.page   the smallest program that fails in the same way
 *   minimised.bin    of a fuzz target: the same as the target reads it
 *   explanation.txt  what happens in it
 *   reproduce.c      the same calls as one file of C
 *   report.txt       what `run` and the sanitizers say of it
 *   replay.sh        the command that shows it again
 *   summary.txt      its signature, how often it failed, who found it; written last
 *
 * Of a fuzz target whose inputs are no programs there are, in place of program, explanation and
 * reproduce.c, minimised.bin with the smallest input, and the same for people: minimised.calls or
 * minimised.txt.
 *
 * Each file is whole if it is there.
 */
#ifndef TOOL_BUNDLE_H
#define TOOL_BUNDLE_H

#include <limits.h>

#include "harness/program/program.h"
#include "tool/finding/reduce_input.h"
#include "tool/finding/signature.h"

struct bundle {
	char dir[PATH_MAX];    /* its directory */
	const char *finding;   /* path */
	const struct program *program, *smallest; /* or NULL: an input that is no program */
	const struct input_reduction *input;	  /* is it then */
	size_t units;				  /* calls or bytes of the finding itself */
	const struct signature *signature;
	const char *backend;
	const char *members; /* paths of all findings that fail so, a line each */
	unsigned int failed, tries;
	bool minimised; /* else the smallest is the program itself */
};

/* A name for the signature that can be a file's: a few words and a hash. */
#define BUNDLE_NAME 300
void bundle_name(const struct signature *signature, char name[BUNDLE_NAME]);

/* Return: 0, or what went wrong (errno), with the file that it went wrong with in @file. */
int bundle_write(const struct bundle *bundle, struct judge *judge, char file[PATH_MAX]);

#endif
