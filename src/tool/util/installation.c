/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/installation.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"

/* Where binaries of this program are installed. */
static const char *const homes[] = { BINDIR, PKGLIBEXECDIR };

bool find_own_directory(char *path, size_t size)
{
	const char *own = shell_binary_path(), *slash = strrchr(own, '/');

	return slash && path_format(path, size, "%.*s", (int)(slash - own), own);
}

/* Bytes that both directories begin with, up to the end of a name. */
static size_t common(const char *a, const char *b)
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
 * A copy of an installation keeps the way from one of its directories to another: from
 * PREFIX/bin to PREFIX/lib/pagetorture, say, wherever PREFIX is by now.
 */
static bool follow(const char *own, const char *home, const char *directory, char *path, size_t size)
{
	size_t shared = common(home, directory), len = strlen(own), tail = strlen(home + shared);

	if (len < tail || strcmp(own + len - tail, home + shared))
		return false;
	path_format_or_exit(path, size, "%.*s%s", (int)(len - tail), own, directory + shared);
	return !access(path, X_OK);
}

void find_installed_directory(const char *directory, char *path, size_t size)
{
	char own[PATH_MAX];

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		if (find_own_directory(own, sizeof(own)) &&
		    follow(own, homes[i], directory, path, size))
			return;
	path_format_or_exit(path, size, "%s", directory);
}
