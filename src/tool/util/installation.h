/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds directories with files of this project. An installation may have been moved as a whole since `make
 * install`; a build directory uses some files of its source tree.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Finds the directory of the running binary. Return: false if the path does not fit. */
bool find_own_directory(char *path, size_t path_size);

/*
 * Finds the path to which the installation directory @configured_directory was moved.
 * @path: gets the new path, or @configured_directory if this binary is in no directory of the installation.
 */
void find_installed_directory(const char *configured_directory, char *path, size_t path_size);

/*
 * Finds a directory whose files are not copied to a build directory. @path gets @source_directory if this
 * binary is in a build directory, otherwise @installed_directory, which may have been moved.
 */
void find_source_directory(const char *source_directory, const char *installed_directory,
			   char path[PATH_MAX]);
