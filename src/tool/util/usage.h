/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Exit statuses, and messages about command lines. */
#ifndef TOOL_USAGE_H
#define TOOL_USAGE_H

#include <stdbool.h>
#include <stdint.h>

enum tool_exit {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1, /* a check does not hold */
	EXIT_BAD = 2,	 /* bad usage, or a file that cannot be read; wins over the others */
};

/* The name of this program in messages; commands_main() sets it. */
extern const char *usage_program;

/* Prints one line on standard error: "PROGRAM COMMAND: what (see PROGRAM COMMAND --help)". */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints one line on standard error: "PROGRAM COMMAND: message". */
void log_command_message(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Return: the command line, quoted for a shell; it is never freed. Call this function before getopt()
 * reorders the words.
 */
char *format_command_line(int argc, char **argv);

/* Parses a decimal number from @least to @most. Return: whether @text is one. */
bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number);

/* Parses a number of 64 bits, decimal or hex with 0x. Return: whether @text is one. */
bool parse_seed(const char *text, uint64_t *seed);

/* Return: the worse of two exit statuses. */
int worse_exit_status(int a, int b);

#endif
