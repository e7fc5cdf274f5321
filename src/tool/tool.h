/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture: one file a subcommand. */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <stdbool.h>

enum tool_exit {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1, /* a check does not hold */
	EXIT_BAD = 2,	 /* bad usage, or a file that cannot be read; wins over the others */
};

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

int command_bench(int argc, char **argv);
int command_bugs(int argc, char **argv);
int command_check(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_format(int argc, char **argv);
int command_fuzz(int argc, char **argv);
int command_minimize(int argc, char **argv);
int command_race(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_run(int argc, char **argv);
int command_to_c(int argc, char **argv);
int command_triage(int argc, char **argv);

/* One line on standard error: "pagetorture COMMAND: what"; the rest says --help. */
int usage_error(const char *command, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Is @text a decimal number from @least to @most? Then it is in @number. */
bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number);

/* The worse of two exit statuses. */
int worse(int a, int b);

#endif
