/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What a program says by its exit status, and of a command line that it cannot use. */
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

/* One line on standard error: what a command that takes long is about to do. */
void log_command_message(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is @text a decimal number from @least to @most? Then it is in @number. */
bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number);

/* Is @text a number of 64 bits, decimal or 0x hex? Then it is in @seed. */
bool parse_seed(const char *text, uint64_t *seed);

/* The worse of two exit statuses. */
int worse_exit_status(int a, int b);

#endif
