/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The directory of one failure: what a maintainer needs to fix it.
 *
 *   finding.bin      as the engine left it, or finding.page
 *   program.page     the same as text
 *   minimised.page   the smallest program that fails in the same way
 *   minimised.bin    of a fuzz target: the same as the target reads it
 *   explanation.txt  what happens in it
 *   reproduce.c      the same calls as one file of C
 *   report.txt       what `run` and the sanitizers report
 *   replay.sh        the command that shows it again
 *   summary.txt      its signature, how often it failed, its findings; written last
 *
 * For a fuzz target that reads no programs, minimised.calls or minimised.txt takes the place of
 * program.page, minimised.page, explanation.txt and reproduce.c.
 *
 * Each file is whole if it is there.
 */
#ifndef TOOL_BUNDLE_H
#define TOOL_BUNDLE_H

#include <limits.h>

#include "tool/finding/signature.h"

struct bundle {
	char dir[PATH_MAX];
	const char *finding; /* path */
	const struct test_input *found, *smallest;
	const struct signature *signature;
	const char *backend;
	const char *members; /* paths of all findings that fail so, a line each */
	unsigned int failed, tries;
	bool minimised; /* else the smallest is the finding itself */
};

/* A name for the signature that can be a file's: a few words and a hash. */
#define BUNDLE_NAME 300
void bundle_name(const struct signature *signature, char name[BUNDLE_NAME]);

/* Return: 0, or what went wrong (errno), with the file that it went wrong with in @file. */
int bundle_write(const struct bundle *bundle, struct oracle *oracle, char file[PATH_MAX]);

#endif
