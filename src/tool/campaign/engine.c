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

/* Such lines are made of a few paths and options; one that is too long is a mistake here. */
static char *add_text(struct command_line *line, const char *format, va_list args)
{
	char *at = line->text + line->used;
	int len = vsnprintf(at, sizeof(line->text) - line->used, format, args);

	if (len < 0 || line->used + (size_t)len >= sizeof(line->text)) {
		fprintf(stderr, "pagetorture fuzz: expected shorter paths, the command line of an "
				"engine has no room for them\n");
		exit(2);
	}
	line->used += (size_t)len + 1;
	return at;
}

/* One of @count is left for the NULL at the end. */
static void check_room(size_t used, size_t count, const char *what)
{
	if (used + 1 < count)
		return;
	fprintf(stderr, "pagetorture fuzz: expected at most %zu %s for an engine, got more\n",
		count - 1, what);
	exit(2);
}

void command_arg(struct command_line *line, const char *format, ...)
{
	va_list args;

	check_room(line->args, sizeof(line->argv) / sizeof(line->argv[0]), "arguments");
	va_start(args, format);
	line->argv[line->args++] = add_text(line, format, args);
	line->argv[line->args] = NULL;
	va_end(args);
}

void command_env(struct command_line *line, const char *format, ...)
{
	va_list args;

	check_room(line->envs, sizeof(line->env) / sizeof(line->env[0]), "variables");
	va_start(args, format);
	line->env[line->envs++] = add_text(line, format, args);
	line->env[line->envs] = NULL;
	va_end(args);
}
