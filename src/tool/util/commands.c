/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "tool/util/similar.h"
#include "tool/util/usage.h"

static int print_help(const struct command_set *set)
{
	printf("Usage: %s COMMAND [OPTION]... [FILE]...\n%s\n", set->program_name, set->purpose);
	for (const struct command *command = set->commands; command->name; command++) {
		if (command == set->commands || strcmp(command->group, command[-1].group))
			printf("\n%s:\n", command->group);
		printf("  %-8s %s\n", command->name, command->summary);
	}
	printf("\n  help [COMMAND]  print the options of COMMAND, or this text\n"
	       "  -h, --help      print this text\n"
	       "  -V, --version   print the version, the flavour and the page library of this binary\n"
	       "\nExamples:\n%s",
	       set->examples);
	return EXIT_GOOD;
}

static const struct command *find_command(const struct command_set *set, const char *name)
{
	for (const struct command *command = set->commands; command->name; command++)
		if (!strcmp(name, command->name))
			return command;
	return NULL;
}

/* @name: an unknown command or option */
static int report_unknown_command_or_option(const struct command_set *set, const char *name)
{
	bool is_option = *name == '-';
	const char *quote = is_option ? "" : "'";
	struct similar similar;
	char hint[SIMILAR_TEXT];

	similar_init(&similar, name);
	for (const struct command *command = set->commands; !is_option && command->name; command++)
		similar_add_known_name(&similar, command->name);
	similar_add_known_name(&similar, is_option ? "--help" : "help");
	similar_add_known_name(&similar, is_option ? "--version" : "");
	similar_format_hint(&similar, quote, quote, hint);
	return usage_error(NULL, "unknown %s %s%s%s%s", is_option ? "option" : "command", quote, name, quote,
			   hint);
}

static bool is_option(const char *argument, const char *letter, const char *name)
{
	return !strcmp(argument, letter) || !strcmp(argument, name);
}

static int print_requested_help(const struct command_set *set, int argc, char **argv)
{
	const struct command *command;
	char *arguments[] = { NULL, "--help", NULL };

	if (argc < 2 || is_option(argv[1], "-h", "--help") || !strcmp(argv[1], "help"))
		return print_help(set);
	if (argc > 2)
		return usage_error(NULL, "expected one COMMAND after help, got %d", argc - 1);
	command = find_command(set, argv[1]);
	if (!command)
		return report_unknown_command_or_option(set, argv[1]);
	arguments[0] = argv[1];
	return command->run(2, arguments);
}

/* Opens /dev/null for each closed standard descriptor: otherwise the next opened file gets the descriptor. */
static void open_closed_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Return: @status, or EXIT_BAD if standard output could not be written. */
static int check_standard_output(const struct command_set *set, int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: expected to write standard output: %s\n", set->program_name, strerror(errno));
	return EXIT_BAD;
}

static int dispatch_command(const struct command_set *set, int argc, char **argv)
{
	const struct command *command;

	opterr = 0;
	if (argc < 2)
		return usage_error(NULL, "expected a COMMAND");
	if (is_option(argv[1], "-h", "--help"))
		return print_help(set);
	if (is_option(argv[1], "-V", "--version"))
		return printf("%s %s (%s)\npage library: %s\n", set->program_name, PACKAGE_VERSION, FLAVOUR,
			      PAGE_LIBRARY) < 0;
	if (!strcmp(argv[1], "help"))
		return print_requested_help(set, argc - 1, argv + 1);
	command = find_command(set, argv[1]);
	return command ? command->run(argc - 1, argv + 1) : report_unknown_command_or_option(set, argv[1]);
}

int commands_main(const struct command_set *set, int argc, char **argv)
{
	usage_program = set->program_name;
	open_closed_standard_files();
	/* If the parent process ignores SIGCHLD (`trap "" CHLD`), this process does, too: waitpid() fails. */
	signal(SIGCHLD, SIG_DFL);
	return check_standard_output(set, dispatch_command(set, argc, argv));
}
