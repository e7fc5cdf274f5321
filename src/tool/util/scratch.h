/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A directory for as long as this program needs it. A child makes it and removes it, with all
 * that is in it: also when this program is killed.
 */
#ifndef TOOL_SCRATCH_H
#define TOOL_SCRATCH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct scratch {
	char path[PATH_MAX];
	pid_t keeper;
	int line; /* to the keeper: it is closed when no process holds it any more */
};

/* Below TMPDIR, or /tmp. Return: false after saying why in errno. */
bool scratch_open(struct scratch *scratch);

void scratch_close(struct scratch *scratch);

#endif
