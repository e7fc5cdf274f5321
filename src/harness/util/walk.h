/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

/* A function that walk_files() calls for a file; @name is the path of the file. */
typedef void (*walk_fn)(const char *name, void *ctx);

/*
 * Calls @fn for the file @path, or for each file below the directory @path, sorted by name within a
 * directory. Files and directories whose names begin with a dot are skipped. If @path does not exist, @fn is
 * called too, so that @fn can report the error. Return: false if a directory cannot be read or leads back to
 * itself, or if an entry is neither a file nor a directory. For each such error, the function prints one line
 * on standard error.
 */
bool walk_files(const char *path, walk_fn fn, void *ctx);
