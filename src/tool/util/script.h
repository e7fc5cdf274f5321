/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Starts the Python part of a command (util/start.py): the C part reads the options, and passes them as
 * words NAME=VALUE.
 */
#ifndef TOOL_SCRIPT_H
#define TOOL_SCRIPT_H

#include <stddef.h>
#include <stdio.h>

/* A command line of python3. */
struct script_command {
	char **words; /* ends with NULL */
	size_t word_count;
};

/* Begins the command line with what all Python parts need: paths, the version and the command line. */
void script_init(struct script_command *command, int argc, char **argv);

/* Appends a word. Without memory the program ends. */
void script_append(struct script_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends the arguments of the command after its options. @arguments: end with NULL */
void script_append_arguments(struct script_command *command, char *const arguments[]);

/* Return: a file in memory for the standard input of a script; NULL without memory. */
FILE *script_open_input(void);

/*
 * Replaces this process by python3 with the command line.
 * @input: becomes standard input; NULL: standard input does not change
 * Return: EXIT_BAD, after a line on standard error, if that is impossible.
 */
int script_execute(const struct script_command *command, FILE *input);

#endif
