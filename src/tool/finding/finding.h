/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What engines found, in a directory of theirs: a campaign's (TARGET/findings), libFuzzer's
 * (crash-*, leak-*, oom-*, timeout-*), AFL++'s (crashes/id:*, hangs/id:*), or any other
 * directory, where each file is one. Equal contents count once.
 */
#ifndef TOOL_FINDING_H
#define TOOL_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/util/sha1.h"

struct finding {
	char *path;
	char hash[SHA1_TEXT];
	size_t size;
};

struct findings {
	struct finding *of;
	size_t count;
	size_t repeated; /* files with the content of another one */
	size_t unreadable; /* told on standard error */
};

/*
 * Gathers what is in @dir, sorted by name; not what is below @except.
 * Return: false, which has been told, if the directory cannot be read.
 */
bool findings_gather(struct findings *findings, const char *dir, const char *except);
void findings_free(struct findings *findings);

#endif
