/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The main function of a program with subcommands: prints help and version, and runs a subcommand. */
#pragma once

struct command {
	const char *name;
	const char *group;                 /* the heading in --help */
	const char *summary;               /* what the command does, for --help */
	int (*run)(int argc, char **argv); /* argv[0] is @name */
};

struct command_set {
	const char *program_name;       /* in messages and --help */
	const char *purpose;            /* one sentence about the program, for --help */
	const struct command *commands; /* sorted by group; a NULL name ends the array */
	const char *examples;           /* the last lines of --help */
};

/*
 * The main function of a program with subcommands: prepares the process, runs the subcommand that argv[1]
 * names, and checks that standard output was written.
 * Return: an exit status
 */
int commands_main(const struct command_set *set, int argc, char **argv);
