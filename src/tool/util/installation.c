/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/installation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"

/* The directories in which binaries of this project are installed. */
static const char *const binary_directories[] = { BINDIR, PKGLIBEXECDIR };

bool find_own_directory(char *path, size_t path_size)
{
	const char *own_path = running_binary_path(), *slash = strrchr(own_path, '/');

	return slash && path_format(path, path_size, "%.*s", (int)(slash - own_path), own_path);
}

/* Return: the length of the leading path components that the two paths have in common. */
static size_t find_common_path_length(const char *a, const char *b)
{
	size_t i, whole = 0;

	for (i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			whole = i;
	if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/'))
		whole = i;
	return whole;
}

/*
 * Finds @directory in an installation that was moved: the relative path from @binary_directory to @directory,
 * as from PREFIX/bin to PREFIX/lib/pagetorture, is the same as before. Return: whether the directory exists.
 */
static bool find_directory_in_moved_installation(const char *own_directory, const char *binary_directory,
						 const char *directory, char *path, size_t path_size)
{
	size_t shared = find_common_path_length(binary_directory, directory), len = strlen(own_directory),
	       tail = strlen(binary_directory + shared);

	if (len < tail || strcmp(own_directory + len - tail, binary_directory + shared))
		return false;
	path_format_or_exit(path, path_size, "%.*s%s", (int)(len - tail), own_directory, directory + shared);
	return !access(path, X_OK);
}

void find_installed_directory(const char *configured_directory, char *path, size_t path_size)
{
	char own_directory[PATH_MAX];

	for (size_t i = 0; i < sizeof(binary_directories) / sizeof(binary_directories[0]); i++)
		if (find_own_directory(own_directory, sizeof(own_directory)) &&
		    find_directory_in_moved_installation(own_directory, binary_directories[i],
							 configured_directory, path, path_size))
			return;
	path_format_or_exit(path, path_size, "%s", configured_directory);
}

void find_source_directory(const char *source_directory, const char *installed_directory, char path[PATH_MAX])
{
	char own_directory[PATH_MAX] = ".", config_status_path[PATH_MAX], source_path[PATH_MAX];
	const char *base = *source_directory == '/' ? "" : own_directory;

	find_own_directory(own_directory, sizeof(own_directory));
	path_format_or_exit(config_status_path, PATH_MAX, "%s/config.status", own_directory);
	path_format_or_exit(source_path, PATH_MAX, "%s%s%s", base, *base ? "/" : "", source_directory);
	if (access(config_status_path, R_OK) || !realpath(source_path, path))
		find_installed_directory(installed_directory, path, PATH_MAX);
}
