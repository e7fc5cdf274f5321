/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What fails in a directory of findings, each failure once and in a directory of its own. */
#ifndef TOOL_TRIAGE_H
#define TOOL_TRIAGE_H

#include <limits.h>
#include <stdbool.h>

#include "tool/util/flavours.h"
#include "tool/util/fuzz_target.h"
#include "tool/util/results.h"

struct triage_order {
	const char *dir;
	struct results results;
	const struct fuzz_target *target; /* whose findings they are; NULL: as their directory says */
	char output[PATH_MAX];
	bool add;		/* minimised programs go to @regress too */
	char regress[PATH_MAX]; /* a directory */
	bool wanted[FLAVOURS_MAX], threads;
	unsigned int seconds, tries;
};

/* Prints what it finds on standard output. Return: an exit status. */
int triage(struct triage_order *order);

#endif
