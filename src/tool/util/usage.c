/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/usage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/shell_word.h"

const char *usage_program = "pagetorture";

int usage_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s%s%s: ", usage_program, command ? " " : "", command ? command : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see %s%s%s --help)\n", usage_program, command ? " " : "", command ? command : "");
	return EXIT_BAD;
}

void log_command_message(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s %s: ", usage_program, command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

char *format_command_line(int argc, char **argv)
{
	char *text = NULL;
	size_t size; /* of @text; open_memstream() needs it */
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fputs(usage_program, out);
		for (int i = 0; i < argc; i++) {
			putc(' ', out);
			shell_word_print(out, argv[i]);
		}
	}
	if (!out || fclose(out)) {
		fprintf(stderr, "%s: expected memory for the command, got none\n", usage_program);
		exit(EXIT_BAD);
	}
	return text;
}

bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number)
{
	char *number_end;
	unsigned long value = strtoul(text, &number_end, 10);

	if (*text < '0' || *text > '9' || *number_end || value < least || value > most)
		return false;
	*number = (unsigned int)value;
	return true;
}

bool parse_seed(const char *text, uint64_t *seed)
{
	char *number_end;

	errno = 0;
	*seed = strtoull(text, &number_end, 0);
	return *text >= '0' && *text <= '9' && !*number_end && !errno;
}

int worse_exit_status(int a, int b)
{
	return a > b ? a : b;
}
