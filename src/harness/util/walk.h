/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_WALK_H
#define HARNESS_WALK_H

#include <stdbool.h>

/* Called with the name of each file. */
typedef void (*walk_fn)(const char *name, void *ctx);

/*
 * Calls @fn for the file @path, or for each file below the directory @path, sorted by name
 * within a directory; what begins with a dot is left out. A path that is not there is given
 * to @fn too: who reads it says so.
 * Return: false, after one line on standard error each, if a directory cannot be read, or
 * holds what is neither file nor directory.
 */
bool walk_files(const char *path, walk_fn fn, void *ctx);

#endif
