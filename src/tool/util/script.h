/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_SCRIPT_H
#define TOOL_SCRIPT_H

#include <stddef.h>
#include <stdio.h>

#include "tool/util/options.h"

/* A command line of python3. */
struct script_command {
	char **words; /* ends with NULL */
	size_t word_count;
};

/* Appends a word. Without memory the program ends. */
void script_append(struct script_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins a command line with the text of a script, which the caller contains. */
void script_init(struct script_command *command, const char *script);

/*
 * Appends NAME=VALUE for each option of @rows that has a text (NULL: no value), number or flag (0 or 1);
 * NAME has "_" for "-".
 */
void script_append_options(struct script_command *command, const struct option_row *rows);

/* Appends NAME=VALUE for tool (the path of this binary), command (the command line), version, compiler. */
void script_append_origin(struct script_command *command, const char *command_line);

/* Return: a file in memory for the standard input of a script; NULL without memory. */
FILE *script_open_input(void);

/*
 * Replaces this process by python3 with the command line.
 * @input: becomes standard input; NULL: standard input does not change
 * Return: EXIT_BAD, after a line on standard error, if that is impossible.
 */
int script_execute(const struct script_command *command, FILE *input);

#endif
