/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/util/path.h"

const struct engine *const engines[ENGINES] = {&engine_libfuzzer, &engine_afl};

bool engine_has_file(const char *directory, const char *name)
{
	char path[PATH_MAX];

	path_format_or_exit(path, sizeof(path), "%s/%s", directory, name);
	return !access(path, X_OK);
}

void command_append(struct command_line *line, const char *format, ...)
{
	const size_t most = sizeof(line->argv) / sizeof(line->argv[0]) - 1;
	va_list args;
	int len = -1;

	va_start(args, format);
	if (line->count < most)
		len = vasprintf(&line->argv[line->count++], format, args);
	va_end(args);
	if (len < 0) {
		fprintf(stderr, "pagetorture fuzz: expected at most %zu words, and memory for them, "
				"in the command line of an engine\n", most);
		exit(2);
	}
}

void command_destroy(struct command_line *line)
{
	while (line->count)
		free(line->argv[--line->count]);
}
