/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev race and self-test: start Python scripts of the source tree, which run this binary. */
#include "dev/dev.h"
#include "harness/util/shell_word.h"
#include "tool/util/script.h"

/* Replaces this process by the script. Returns only if the script cannot start: an exit status. */
static int execute_script_file(const char *script_path, int argc, char **argv)
{
	struct script_command command = { 0 };

	script_append(&command, "python3");
	script_append(&command, "-B");
	script_append(&command, "%s", script_path);
	script_append(&command, "%s", running_binary_path());
	for (int i = 1; i < argc; i++)
		script_append(&command, "%s", argv[i]);
	return script_exec_python(&command, NULL);
}

int command_race(int argc, char **argv)
{
	return execute_script_file(DEV_SCRIPTS "/race/race.py", argc, argv);
}

int command_self_test(int argc, char **argv)
{
	return execute_script_file(DEV_SCRIPTS "/misbehave/self_test.py", argc, argv);
}
