/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "config.h"
#include "tool/run/kernel_flavour.h"

#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/util/installation.h"
#include "tool/util/script.h"
#include "tool/util/usage.h"

static const char option[] = "--flavour", prefix[] = "kernel-";

/* Return: the value of the option, in the same word or the next one, or NULL. */
static const char *find_option_value(int argc, char **argv)
{
	size_t length = strlen(option);

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], option))
			return argv[i + 1];
		if (!strncmp(argv[i], option, length) && argv[i][length] == '=')
			return argv[i] + length + 1;
	}
	return NULL;
}

bool kernel_flavour_is_wanted(int argc, char **argv)
{
	const char *value = find_option_value(argc, argv);

	return value && !strncmp(value, prefix, strlen(prefix));
}

int kernel_flavour_exec_script(int argc, char **argv)
{
	char directory[PATH_MAX], own_directory[PATH_MAX], path[PATH_MAX];
	struct script_command command = { 0 };

	find_source_directory(KERNEL_VM_SOURCE, PKGLIBEXECDIR, directory);
	path_format_or_exit(path, sizeof(path), "%s/main.py", directory);
	if (access(path, R_OK) || !find_own_directory(own_directory, sizeof(own_directory)))
		return usage_error("run", "expected a build directory for --flavour kernel-..., not an "
					  "installation");
	script_append(&command, "python3");
	script_append(&command, "-BEs");
	script_append(&command, "%s", path);
	script_append(&command, "%s", own_directory);
	script_append(&command, "run");
	for (int i = 1; i < argc; i++)
		script_append(&command, "%s", argv[i]);
	return script_exec_python(&command, NULL);
}
