/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "tool/tool.h"

/* Sorted by name. */
static const struct command commands[] = {
	{ "bench", "measure the executors against each other", command_bench },
	{ "bugs", "break the page library in every known way, and see who finds it", command_bugs },
	{ "check", "judge programs with the rule model", command_check },
	{ "convert", "write programs anew: text as bytes, bytes as text", command_convert },
	{ "explain", "draw programs, and say what is wrong and why", command_explain },
	{ "format", "rewrite programs: canonical text, or bytes", command_format },
	{ "fuzz", "run a fuzzing campaign until it is stopped", command_fuzz },
	{ "minimize", "make a failing program as small as it gets", command_minimize },
	{ "race", "run the race matrix under every detector", command_race },
	{ "replay", "replay a corpus, many inputs a process, as a gate", command_replay },
	{ "run", "judge programs, execute them under every sanitizer and compare", command_run },
	{ "to-c", "write a program as a C file for a bug report", command_to_c },
	{ "triage", "sort findings by what fails, and minimise them", command_triage },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print_help(void)
{
	printf("Usage: pagetorture COMMAND [OPTION]... [FILE]...\n"
	       "Confirm the contract of a page library with small programs of page calls.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	printf("\n  --help     this text; `pagetorture COMMAND --help` says more\n"
	       "  --version  the version, and which flavour and page library this binary has\n"
	       "\nExamples:\n"
	       "  pagetorture check race.page\n"
	       "  pagetorture run corpus/rules/*.page\n");
	return EXIT_GOOD;
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
	if (argc < 2)
		return usage_error(NULL, "expected a COMMAND");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	if (!strcmp(argv[1], "--version"))
		return printf("pagetorture %s (%s)\npage library: %s\n", PACKAGE_VERSION, FLAVOUR,
			      PAGE_LIBRARY) < 0;
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name)) {
			opterr = 0;
			return commands[i].run(argc - 1, argv + 1);
		}
	return usage_error(NULL, "unknown command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	open_standard_files();
	hear_of_children();
	return finish(run_command(argc, argv));
}
