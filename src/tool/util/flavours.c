/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/flavours.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/util/installation.h"
#include "tool/util/usage.h"

const char *const flavour_names[FLAVOURS_MAX] = { "plain", "asan", "tsan", "msan" };

bool binary_find(const char *binary_name, char *path, size_t path_size)
{
	static const char *const install_directories[] = { PKGLIBEXECDIR, BINDIR };
	char directory[PATH_MAX];

	if (find_executable_beside_running_binary(binary_name, path, path_size))
		return true;
	for (size_t i = 0; i < 2; i++) {
		find_installed_directory(install_directories[i], directory, sizeof(directory));
		path_format_or_exit(path, path_size, "%s/%s", directory, binary_name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

bool flavour_find_binary(const char *flavour, char *path, size_t path_size)
{
	bool is_plain = !strcmp(flavour, "plain");
	char binary_name[64];

	snprintf(binary_name, sizeof(binary_name), "%s%s%s", usage_program, is_plain ? "" : "-",
		 is_plain ? "" : flavour);
	return binary_find(binary_name, path, path_size);
}

bool flavours_parse(char *list, void *wanted)
{
	bool *is_wanted = wanted;
	char *name;

	memset(is_wanted, 0, FLAVOURS_MAX * sizeof(*is_wanted));
	while ((name = strsep(&list, ","))) {
		unsigned int i = 0;

		while (i < FLAVOURS_MAX && strcmp(name, flavour_names[i]))
			i++;
		if (i == FLAVOURS_MAX)
			return false;
		is_wanted[i] = true;
	}
	return true;
}

void flavours_format_names(const bool wanted[FLAVOURS_MAX], char text[FLAVOURS_TEXT])
{
	text[0] = '\0';
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (wanted[i])
			snprintf(text + strlen(text), FLAVOURS_TEXT - strlen(text), "%s%s", *text ? ", " : "",
				 flavour_names[i]);
}
