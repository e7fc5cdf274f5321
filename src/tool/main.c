/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
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
#include "tool/tool.h"

enum group { PROGRAMS, CORPORA, DEVELOPERS, GROUPS };

static const char *const group_names[GROUPS] = {
	[PROGRAMS] = "Programs",
	[CORPORA] = "Corpora and campaigns",
	[DEVELOPERS] = "For developers of pagetorture",
};

/* Sorted by name. */
static const struct command {
	const char *name;
	enum group group;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} commands[] = {
	{ "bench", DEVELOPERS, "measure the executors against each other", command_bench },
	{ "bugs", DEVELOPERS, "break the page library in every known way, and see who finds it",
	  command_bugs },
	{ "check", PROGRAMS, "judge programs with the rule model", command_check },
	{ "convert", PROGRAMS, "write programs anew: text as bytes, bytes as text", command_convert },
	{ "explain", PROGRAMS, "draw programs, and say what is wrong and why", command_explain },
	{ "fuzz", CORPORA, "run a fuzzing campaign until it is stopped", command_fuzz },
	{ "minimize", PROGRAMS, "make a failing program as small as it gets", command_minimize },
	{ "race", DEVELOPERS, "run the race matrix under every detector", command_race },
	{ "replay", CORPORA, "replay a corpus, many inputs a process, as a gate", command_replay },
	{ "run", PROGRAMS, "judge programs, execute them under every sanitizer and compare",
	  command_run },
	{ "to-c", PROGRAMS, "write a program as a C file for a bug report", command_to_c },
	{ "triage", CORPORA, "sort findings by what fails, and minimise them", command_triage },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print_help(void)
{
	printf("Usage: pagetorture COMMAND [OPTION]... [FILE]...\n"
	       "Confirm the contract of a page library with small programs of page calls.\n");
	for (enum group group = 0; group < GROUPS; group++) {
		printf("\n%s:\n", group_names[group]);
		for (size_t i = 0; i < COMMANDS; i++)
			if (commands[i].group == group)
				printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	}
	printf("\n  help [COMMAND]  print the options of COMMAND, or this text\n"
	       "  -h, --help      print this text\n"
	       "  -V, --version   print the version, the flavour and the page library of this binary\n"
	       "\nExamples:\n"
	       "  pagetorture check race.page\n"
	       "  pagetorture run corpus/rules\n"
	       "  pagetorture help run\n");
	return EXIT_GOOD;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int unknown_option(const char *name)
{
	struct similar similar;
	char text[SIMILAR_TEXT];

	similar_init(&similar, name);
	similar_add(&similar, "--help");
	similar_add(&similar, "--version");
	similar_text(&similar, "", "", text);
	return usage_error(NULL, "unknown option %s%s", name, text);
}

static int unknown_command(const char *name)
{
	struct similar similar;
	char text[SIMILAR_TEXT];

	if (*name == '-')
		return unknown_option(name);
	similar_init(&similar, name);
	for (size_t i = 0; i < COMMANDS; i++)
		similar_add(&similar, commands[i].name);
	similar_add(&similar, "help");
	similar_text(&similar, "'", "'", text);
	return usage_error(NULL, "unknown command '%s'%s", name, text);
}

static bool is_option(const char *argument, const char *letter, const char *name)
{
	return !strcmp(argument, letter) || !strcmp(argument, name);
}

static int command_help(int argc, char **argv)
{
	const struct command *command;
	char *arguments[] = { NULL, "--help", NULL };

	if (argc < 2 || is_option(argv[1], "-h", "--help") || !strcmp(argv[1], "help"))
		return print_help();
	if (argc > 2)
		return usage_error(NULL, "expected one COMMAND after help, got %d", argc - 1);
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	arguments[0] = argv[1];
	return command->run(2, arguments);
}

/* A program started without them must not have its files taken for them. */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * A program that is started with SIGCHLD ignored, as by `trap "" CHLD`, hears of no child's end:
 * waitpid() fails.
 */
static void hear_of_children(void)
{
	signal(SIGCHLD, SIG_DFL);
}

/* What could not be written was not said. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "pagetorture: expected to write standard output: %s\n", strerror(errno));
	return EXIT_BAD;
}

static int run_command(int argc, char **argv)
{
	const struct command *command;

	opterr = 0;
	if (argc < 2)
		return usage_error(NULL, "expected a COMMAND");
	if (is_option(argv[1], "-h", "--help"))
		return print_help();
	if (is_option(argv[1], "-V", "--version"))
		return printf("pagetorture %s (%s)\npage library: %s\n", PACKAGE_VERSION, FLAVOUR,
			      PAGE_LIBRARY) < 0;
	if (!strcmp(argv[1], "help"))
		return command_help(argc - 1, argv + 1);
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
	open_standard_files();
	hear_of_children();
	return finish(run_command(argc, argv));
}
