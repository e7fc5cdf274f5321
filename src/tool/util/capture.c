/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void sanitizer_options_append(const char *options)
{
	static const char *const names[] = { "ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS",
					     "UBSAN_OPTIONS" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *old = getenv(names[i]);
		char *text;

		if (asprintf(&text, "%s%s%s", old ? old : "", old ? ":" : "", options) < 0)
			continue;
		setenv(names[i], text, 1);
		free(text);
	}
}

struct command {
	const char *path, *options;
	char *const *argv;
};

#define NOT_EXECUTED 127

static void execute(void *ctx)
{
	const struct command *command = ctx;

	sanitizer_options_append(command->options);
	execv(command->path, command->argv);
	_exit(NOT_EXECUTED);
}

bool capture_output(const char *path, char *const argv[], const char *options, unsigned int seconds,
		    struct isolated *child)
{
	struct command command = { path, options, argv };

	return isolate(execute, &command, seconds, child) && child->exit_code != NOT_EXECUTED;
}
