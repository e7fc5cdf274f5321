/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What engines found, in a directory of theirs: a campaign's (TARGET/findings), libFuzzer's
 * (crash-*, leak-*, oom-*, timeout-*), AFL++'s (crashes/id:*, hangs/id:*), or any other
 * directory, where each file is one. Equal contents count once.
 */
#ifndef TOOL_FINDING_LIST_H
#define TOOL_FINDING_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/util/sha1.h"

struct finding {
	char *path;
	char hash[SHA1_TEXT];
	size_t size;
};

struct finding_list {
	struct finding *of;
	size_t count;
	size_t repeated; /* files with the content of another one */
	size_t unreadable; /* each has a line on standard error */
};

/*
 * Gathers what is in @dir, sorted by name; not what is below @except.
 * Return: false, after a line on standard error, if the directory cannot be read.
 */
bool finding_list_init(struct finding_list *findings, const char *dir, const char *except);
void finding_list_destroy(struct finding_list *findings);

#endif
