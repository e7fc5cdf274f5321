/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Exit statuses, and messages about command lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum tool_exit {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1, /* a check does not hold */
	EXIT_BAD = 2,    /* bad usage, or a file that cannot be read; worse than EXIT_FAILED */
};

/* The name of this program in messages; commands_main() sets it. */
extern const char *usage_program;

/* Prints a line on standard error: "PROGRAM COMMAND: what (see PROGRAM COMMAND --help)". Return: EXIT_BAD. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints one line on standard error: "PROGRAM COMMAND: message". */
void log_command_message(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Return: the command line of the program, quoted for a shell, in memory that is never freed. This function
 * must be called before getopt_long(), which reorders the words of @argv.
 */
char *format_command_line(int argc, char **argv);

/* Parses a decimal number. Return: whether @text is a number from @least to @most. */
bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number);

/* Parses a number: decimal, octal with 0, or hex with 0x. Return: whether @text is a number of 64 bits. */
bool parse_seed(const char *text, uint64_t *seed);

int worse_exit_status(int a, int b);
