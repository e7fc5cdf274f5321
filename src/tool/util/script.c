/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/util/installation.h"
#include "tool/util/results.h"
#include "tool/util/usage.h"

void script_add_option(struct script *script, const char *name, const char *value)
{
	if (script->option_count == SCRIPT_OPTIONS_MAX ||
	    asprintf(&script->option_words[script->option_count++], "%s=%s", name, value) < 0)
		exit(usage_error(script->command_name, "expected memory for the options, got none"));
}

void script_init(struct script *script, int argc, char **argv)
{
	struct results command;
	char own_directory[PATH_MAX] = ".";

	memset(script, 0, sizeof(*script));
	script->command_name = argv[0];
	results_begin(&command, argv[0], argc, argv);
	find_own_directory(own_directory, sizeof(own_directory));
	script_add_option(script, "own_directory", own_directory);
	script_add_option(script, "tool", shell_binary_path());
	script_add_option(script, "command_line", command.command_line);
	script_add_option(script, "version", PACKAGE_VERSION);
	script_add_option(script, "compiler", __VERSION__);
}

int script_execute(const struct script *script, char *const arguments[])
{
	char directory[PATH_MAX], start_path[PATH_MAX], **words, **next_word;
	size_t argument_count = 0;

	while (arguments[argument_count])
		argument_count++;
	find_source_directory(SCRIPT_SOURCE, PKGLIBEXECDIR, directory);
	path_format_or_exit(start_path, sizeof(start_path), "%s/util/start.py", directory);
	words = next_word = calloc(script->option_count + argument_count + 8, sizeof(*words));
	if (!words)
		return usage_error(script->command_name, "expected memory for a command line, got none");
	*next_word++ = "python3";
	*next_word++ = "-BEs"; /* no files are written, no modules of the user are found */
	*next_word++ = start_path;
	*next_word++ = (char *)(uintptr_t)script->command_name;
	for (size_t i = 0; i < script->option_count; i++)
		*next_word++ = script->option_words[i];
	*next_word++ = "--";
	memcpy(next_word, arguments, argument_count * sizeof(*words));
	/* The interpreter of the system, as in pagetorture-export; or the one in PATH. */
	execv("/usr/bin/python3", words);
	execvp("python3", words);
	fprintf(stderr, "%s: expected to start python3: %s\n", usage_program, strerror(errno));
	free(words);
	return EXIT_BAD;
}

FILE *script_execute_with_writer(const struct script *script, char *const arguments[])
{
	int pipe_ends[2];
	pid_t writer_pid;

	if (pipe2(pipe_ends, O_CLOEXEC))
		return NULL;
	fflush(NULL);
	writer_pid = fork();
	if (writer_pid > 0) {
		dup2(pipe_ends[0], STDIN_FILENO);
		_exit(script_execute(script, arguments));
	}
	close(pipe_ends[0]);
	return writer_pid < 0 ? NULL : fdopen(pipe_ends[1], "w");
}
