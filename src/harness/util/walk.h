/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_WALK_H
#define HARNESS_WALK_H

#include <stdbool.h>

/* Called with the name of each file. */
typedef void (*walk_fn)(const char *name, void *ctx);

/*
 * Calls @fn for the file @path, or for each file below the directory @path, sorted by name within a
 * directory. Names that begin with a dot are skipped. @fn also gets a path that does not exist, and
 * reports it.
 * Return: false if a directory cannot be read or contains something other than files and
 * directories; each case is one line on standard error.
 */
bool walk_files(const char *path, walk_fn fn, void *ctx);

#endif
