/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev race and self-test: Python scripts of the source tree, which run other commands of
 * this binary.
 */
#include <stdlib.h>
#include <string.h>

#include "dev/dev.h"
#include "harness/util/shell_word.h"
#include "tool/util/script.h"

/* Return: an exit status, if the script cannot start. */
static int execute_script_file(const char *script_path, int argc, char **argv)
{
	const char **words = calloc((size_t)argc + 4, sizeof(*words));

	if (!words)
		return usage_error(argv[0], "no memory");
	words[0] = "python3";
	words[1] = "-B";
	words[2] = script_path;
	words[3] = shell_binary_path();
	memcpy(words + 4, argv + 1, (size_t)(argc - 1) * sizeof(*words));
	return execute_python(words);
}

int command_race(int argc, char **argv)
{
	return execute_script_file(DEV_SCRIPTS "/race/race.py", argc, argv);
}

int command_self_test(int argc, char **argv)
{
	return execute_script_file(DEV_SCRIPTS "/misbehave/self_test.py", argc, argv);
}
