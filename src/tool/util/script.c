/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/shell_word.h"
#include "tool/util/installation.h"
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

void script_init(struct script_command *command, int argc, char **argv)
{
	char directory[PATH_MAX], own_directory[PATH_MAX] = ".";

	find_own_directory(own_directory, sizeof(own_directory));
	find_source_directory(SCRIPT_SOURCE, PKGLIBEXECDIR, directory);
	*command = (struct script_command){ .words = NULL };
	script_append(command, "python3");
	script_append(command, "-BEs"); /* python3 writes no compiled modules, and loads no user modules */
	script_append(command, "%s/util/start.py", directory);
	script_append(command, "%s", argv[0]);
	script_append(command, "own_directory=%s", own_directory);
	script_append(command, "tool=%s", running_binary_path());
	script_append(command, "command_line=%s", format_command_line(argc, argv));
	script_append(command, "version=%s", PACKAGE_VERSION);
	script_append(command, "compiler=%s", __VERSION__);
}

void script_append_arguments(struct script_command *command, char *const arguments[])
{
	script_append(command, "--");
	for (; *arguments; arguments++)
		script_append(command, "%s", *arguments);
}

FILE *script_open_input(void)
{
	int fd = memfd_create("pagetorture-script-input", MFD_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool redirect_standard_input(FILE *input)
{
	return !fflush(input) && lseek(fileno(input), 0, SEEK_SET) == 0 &&
	       dup2(fileno(input), STDIN_FILENO) == STDIN_FILENO;
}

int script_exec_python(const struct script_command *command, FILE *input)
{
	if (!input || redirect_standard_input(input)) {
		/* Uses the system's python3, as pagetorture-export does, or else python3 in PATH. */
		execv("/usr/bin/python3", command->words);
		execvp("python3", command->words);
	}
	fprintf(stderr, "%s: expected to start python3: %s\n", usage_program, strerror(errno));
	return EXIT_BAD;
}
