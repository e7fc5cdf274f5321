/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds the directories of the other files of this project: in a build directory, the directory of this
 * binary; otherwise the installation directories, also after the installation was moved.
 */
#ifndef TOOL_INSTALLATION_H
#define TOOL_INSTALLATION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Finds the directory of this binary. Return: false if the path does not fit. */
bool find_own_directory(char *path, size_t size);

/*
 * Finds the present path of the installation directory @directory.
 * @path: gets it; @directory itself if this binary is in no directory of the installation
 */
void find_installed_directory(const char *directory, char *path, size_t size);

/*
 * Finds files that a build directory uses where they are in the source tree: @source_directory if this binary
 * is in a build directory, else @installed_directory.
 */
void find_source_directory(const char *source_directory, const char *installed_directory,
			   char path[PATH_MAX]);

#endif
