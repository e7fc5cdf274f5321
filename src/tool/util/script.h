/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Starts the Python part of a command (util/start.py): the C part reads the options, and passes them as
 * words NAME=VALUE.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* The command line of python3 that starts a script. */
struct script_command {
	char **words; /* ends with NULL */
	size_t word_count;
};

/* Begins the command line: start.py, the command's name argv[0], and words that every script gets. */
void script_init(struct script_command *command, int argc, char **argv);

/* Appends one word to the command line. The program ends if there is no memory. */
void script_append(struct script_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends "--" and the arguments, after all options. @arguments: an array that ends with NULL. */
void script_append_arguments(struct script_command *command, char *const arguments[]);

/* Return: an open file in memory, which script_exec_python() can pass to a script; NULL without memory. */
FILE *script_open_input(void);

/*
 * Replaces this process by python3 with the command line.
 * @input: becomes the script's standard input; NULL: standard input does not change.
 * Return: EXIT_BAD, after a line on standard error, if python3 cannot be started.
 */
int script_exec_python(const struct script_command *command, FILE *input);
