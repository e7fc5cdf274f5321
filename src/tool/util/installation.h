/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The directories of this program's other files: the one of its binary in a build directory; else
 * where `make install` put them, also if the installation was moved.
 */
#ifndef TOOL_INSTALLATION_H
#define TOOL_INSTALLATION_H

#include <stdbool.h>
#include <stddef.h>

/* The directory of this binary; the linker's wrapper scripts are not used. */
bool find_own_directory(char *path, size_t size);

/*
 * Where the installation directory @directory is now.
 * @path: gets it; @directory itself if the binary is in no directory of the installation
 */
void find_installed_directory(const char *directory, char *path, size_t size);

#endif
