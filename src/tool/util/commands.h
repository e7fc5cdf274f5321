/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The main function of a program with subcommands: prints help and version, and runs a subcommand. */
#ifndef TOOL_COMMANDS_H
#define TOOL_COMMANDS_H

struct command {
	const char *name;
	const char *group; /* the heading in --help */
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

struct command_set {
	const char *program_name; /* name of the program in messages */
	const char *purpose; /* of the program, one sentence of --help */
	const struct command *commands; /* each group together; the last one has no name */
	const char *examples;		/* of the end of --help, as lines of text */
};

/*
 * The main() of such a program: prepares the process, runs the subcommand that argv[1] names and
 * checks that standard output was written.
 * Return: an exit status
 */
int commands_main(const struct command_set *set, int argc, char **argv);

#endif
