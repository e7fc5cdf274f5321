/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/python_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/util/installation.h"
#include "tool/util/usage.h"

static void find_program(const char *name, char path[PATH_MAX])
{
	char directory[PATH_MAX];

	if (own_directory(directory, sizeof(directory)) &&
	    path_format(path, PATH_MAX, "%s/python/%s", directory, name) && !access(path, R_OK))
		return;
	installed_directory(PKGLIBEXECDIR, directory, sizeof(directory));
	path_format_or_exit(path, PATH_MAX, "%s/python/%s", directory, name);
}

int execute_python_program(const char *name, char *const arguments[])
{
	static char python[] = "python3", options[] = "-BEs", path[PATH_MAX];
	size_t count = 0;
	char **words;

	while (arguments[count])
		count++;
	words = calloc(count + 4, sizeof(*words));
	if (words) {
		words[0] = python;
		words[1] = options;
		words[2] = path;
		memcpy(words + 3, arguments, count * sizeof(*words));
		find_program(name, path);
		/* The interpreter of the system, as in pagetorture-export; or another one. */
		execv("/usr/bin/python3", words);
		execvp(python, words);
		free(words);
	}
	fprintf(stderr, "%s: expected python3, which runs %s: %s\n", usage_program, name, strerror(errno));
	return EXIT_BAD;
}
