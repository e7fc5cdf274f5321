/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Starts the Python part of a command (util/start.py): the C part reads the options, and passes them as
 * words NAME=VALUE.
 */
#ifndef TOOL_SCRIPT_H
#define TOOL_SCRIPT_H

#include <stddef.h>
#include <stdio.h>

#define SCRIPT_OPTIONS_MAX 64

struct script {
	const char *command_name;		       /* selects the Python module */
	char *option_words[SCRIPT_OPTIONS_MAX]; /* NAME=VALUE; a later word replaces an earlier one */
	size_t option_count;
};

/* Begins the options with what all scripts need: paths, the version and the command line. */
void script_init(struct script *script, int argc, char **argv);

/* Adds an option; exits with EXIT_BAD if there is no memory. */
void script_add_option(struct script *script, const char *name, const char *value);

/*
 * Replaces this process by the script. @arguments: of the command, after its options; they end with NULL
 * Return: EXIT_BAD, after a line on standard error, if that is impossible.
 */
int script_execute(const struct script *script, char *const arguments[]);

/*
 * Replaces this process by the script, and returns in a child process, which exits when it has written
 * the standard input of the script.
 * Return: the file to write to; NULL: there is no process.
 */
FILE *script_execute_with_writer(const struct script *script, char *const arguments[]);

#endif
