/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/capture.h"

#include <unistd.h>

#include "tool/util/environment.h"

struct command {
	const char *path, *options;
	char *const *argv;
};

#define NOT_EXECUTED 127

static void execute(void *ctx)
{
	const struct command *command = ctx;

	if (environment_append("ASAN_OPTIONS", command->options) &&
	    environment_append("MSAN_OPTIONS", command->options) &&
	    environment_append("TSAN_OPTIONS", command->options) &&
	    environment_append("UBSAN_OPTIONS", command->options))
		execv(command->path, command->argv);
	_exit(NOT_EXECUTED);
}

bool capture_output(const char *path, char *const argv[], const char *options, unsigned int seconds,
		    struct isolated *child)
{
	struct command command = { path, options, argv };

	return isolate(execute, &command, seconds, child) && child->exit_code != NOT_EXECUTED;
}
