/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/util/usage.h"

#define ARGUMENTS_MAX 32

int execute_python(const char *const words[])
{
	/* The interpreter of the system, as in pagetorture-export; or the one in PATH. */
	execv("/usr/bin/python3", (char *const *)words);
	execvp("python3", (char *const *)words);
	fprintf(stderr, "%s: expected to start python3: %s\n", usage_program, strerror(errno));
	return EXIT_BAD;
}

int execute_script(const char *script, const char *const arguments[])
{
	/* -I: no module of the user or of the working directory. */
	const char *words[ARGUMENTS_MAX + 5] = { "python3", "-I", "-c", script };

	for (size_t i = 0; arguments[i] && i < ARGUMENTS_MAX; i++)
		words[4 + i] = arguments[i];
	return execute_python(words);
}
