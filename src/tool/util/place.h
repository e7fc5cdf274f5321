/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where the parts of this program are that are files of their own: beside its binary in a
 * build directory; else where `make install` put them, also if all of that was moved.
 */
#ifndef TOOL_PLACE_H
#define TOOL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* The directory of this binary; the linker's wrapper scripts are not used. */
bool place_own(char *path, size_t size);

/* Is there a program of that name in a directory of PATH? */
bool place_on_path(const char *program);

/*
 * The directory that was to be @directory when it was installed, as things stand now.
 * @path: gets it; if the binary is in no place where it was installed, @directory itself
 */
void place_installed(const char *directory, char *path, size_t size);

#endif
