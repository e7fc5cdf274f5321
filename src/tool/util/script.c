/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/shell_word.h"
#include "tool/util/usage.h"

static _Noreturn void exit_without_memory(void)
{
	fprintf(stderr, "%s: expected memory for a command line, got none\n", usage_program);
	exit(EXIT_BAD);
}

void script_append(struct script_command *command, const char *format, ...)
{
	size_t size = (command->word_count + 2) * sizeof(*command->words);
	va_list args;
	int length;

	command->words = realloc(command->words, size);
	if (!command->words)
		exit_without_memory();
	va_start(args, format);
	length = vasprintf(&command->words[command->word_count++], format, args);
	va_end(args);
	if (length < 0)
		exit_without_memory();
	command->words[command->word_count] = NULL;
}

void script_init(struct script_command *command, const char *script)
{
	*command = (struct script_command){ .words = NULL };
	script_append(command, "python3");
	/* -I: no module of the user or of the working directory. */
	script_append(command, "-I");
	script_append(command, "-c");
	script_append(command, "%s", script);
}

void script_append_options(struct script_command *command, const struct option_row *rows)
{
	for (; rows->name; rows++) {
		char name[32];

		snprintf(name, sizeof(name), "%s", rows->name);
		for (char *dash; (dash = strchr(name, '-'));)
			*dash = '_';
		if (rows->flag)
			script_append(command, "%s=%d", name, *rows->flag);
		else if (rows->number)
			script_append(command, "%s=%u", name, *rows->number);
		else if (rows->text)
			script_append(command, "%s=%s", name, *rows->text ? *rows->text : "");
	}
}

void script_append_origin(struct script_command *command, const char *command_line)
{
	script_append(command, "tool=%s", shell_binary_path());
	script_append(command, "command=%s", command_line);
	script_append(command, "version=%s", PACKAGE_VERSION);
	script_append(command, "compiler=%s", __VERSION__);
}

FILE *script_open_input(void)
{
	int fd = memfd_create("pagetorture-script-input", MFD_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool redirect_input(FILE *input)
{
	return !fflush(input) && lseek(fileno(input), 0, SEEK_SET) == 0 &&
	       dup2(fileno(input), STDIN_FILENO) == STDIN_FILENO;
}

int script_execute(const struct script_command *command, FILE *input)
{
	if (!input || redirect_input(input)) {
		/* The interpreter of the system, as in pagetorture-export; or the one in PATH. */
		execv("/usr/bin/python3", command->words);
		execvp("python3", command->words);
	}
	fprintf(stderr, "%s: expected to start python3: %s\n", usage_program, strerror(errno));
	return EXIT_BAD;
}
