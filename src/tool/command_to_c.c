/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture to-c: writes a program as a C file for a bug report. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/util/output.h"
#include "tool/to_c/reproduce.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture to-c [OPTION]... FILE\n"
	"Write a page program as one C file against page.h, for a bug report. The C program runs\n"
	"pthreads in the order of the page program, without a synchronisation that ThreadSanitizer\n"
	"observes. It checks the results of calls and the bytes that they read. Its first comment has\n"
	"the commands that compile and run it.\n"
	"\n"
	"The command first compiles and runs the C program with these commands, once for each rule that\n"
	"the program must show: those of `expect`, or else the verdict of the rule model.\n"
	"\n"
	"  --bytes          read FILE as a byte string, whatever its name is\n"
	"  --deterministic  use fibers on one pthread: the same accesses in the same order in each run\n"
	"  --no-run         write the C file without running it\n"
	"  --cc CC          compile with CC instead of the compiler of this build\n"
	"  -o, --output OUT write to OUT instead of standard output; an existing OUT is replaced only if\n"
	"                   to-c wrote it\n"
	"  --timeout S      stop the C program after S seconds (default 30)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 the C program shows the failure, or --no-run; 1 it does not show the failure, or\n"
	"could not run; its first comment and standard error give the reason; 2 bad usage, or a file that\n"
	"cannot be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture to-c -o race.c corpus/rules/overlap-one-byte.page\n"
	"  pagetorture to-c --deterministic crash-1234 >crash.c\n";

static struct {
	bool deterministic, no_run;
	const char *compiler, *out;
	unsigned int seconds;
} options = { .seconds = 30 };

/* The name without directory and ending, as far as a file and a shell take it. */
static const char *base_name(const char *file)
{
	static char base[64];
	const char *slash = strrchr(file, '/');
	size_t used = 0;

	for (const char *c = slash ? slash + 1 : file; *c && *c != '.' && used < 60; c++) {
		bool plain = isalnum((unsigned char)*c) || (*c == '-' && used);

		base[used++] = plain ? *c : '_';
	}
	base[used] = '\0';
	return used && strcmp(base, "_") ? base : "repro";
}

/* What standard output goes to, if that is a file. */
static const char *file_of_output(void)
{
	static char path[PATH_MAX];
	struct stat status;
	ssize_t len;

	if (fstat(STDOUT_FILENO, &status) || !S_ISREG(status.st_mode))
		return NULL;
	len = readlink("/proc/self/fd/1", path, sizeof(path) - 1);
	return len > 0 ? path : NULL;
}

/* A name that a comment of C and a line of shell can hold. */
static bool can_be_named(const char *name)
{
	if (!*name || strlen(name) + strlen(".out") > NAME_MAX)
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ')
			return false;
	return true;
}

/* The file that is written has the name that the lines in it say, if it has a name. */
static void name_files(struct reproduce_options *how, const char *file)
{
	static char source[NAME_MAX + 1], binary[NAME_MAX + 8];
	const char *written = options.out ? options.out : file_of_output(), *slash;
	size_t len;

	slash = written ? strrchr(written, '/') : NULL;
	written = slash ? slash + 1 : written;
	if (written && can_be_named(written))
		snprintf(source, sizeof(source), "%s", written);
	else
		snprintf(source, sizeof(source), "%s.c", base_name(file));
	len = strlen(source);
	if (len > 2 && !strcmp(source + len - 2, ".c"))
		snprintf(binary, sizeof(binary), "%.*s", (int)len - 2, source);
	else
		snprintf(binary, sizeof(binary), "%s.out", source);
	how->source = source;
	how->binary = binary;
}

/* Is it one that may be replaced: none, or one of ours? */
static bool may_replace(const char *path)
{
	static const char sign[] = "\n * The page program that it is made from:\n";
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content;
	bool ours;

	if (!output_loses(path))
		return true;
	content = program_file_read(path, &size, error);
	ours = content && size > 3 && !memcmp(content, "/*\n", 3) &&
	       memmem(content, size, sign, strlen(sign));
	free(content);
	return ours;
}

static int write_out(const struct reproduction *reproduction)
{
	int error;

	if (!options.out) {
		fwrite(reproduction->text, 1, reproduction->size, stdout);
		return ferror(stdout) || fflush(stdout) ? EXIT_BAD : EXIT_GOOD;
	}
	if (!may_replace(options.out)) {
		fprintf(stderr, "%s: refused: it is there, and was not written by to-c\n",
			options.out);
		return EXIT_BAD;
	}
	error = output_write(options.out, reproduction->text, reproduction->size);
	if (error)
		fprintf(stderr, "%s: expected to write it: %s\n", options.out, strerror(error));
	return error ? EXIT_BAD : EXIT_GOOD;
}

static int finish(const char *file, struct reproduction *reproduction)
{
	int status;

	if (!reproduction->text) {
		fprintf(stderr, "%s: expected memory for the text\n", file);
		return EXIT_BAD;
	}
	status = write_out(reproduction);
	free(reproduction->text);
	if (reproduction->result == REPRODUCED || (options.no_run && !status))
		return status;
	if (!options.no_run)
		fprintf(stderr, "%s: %s: %s\n", file,
			reproduction->result == REPRODUCED_NOT ? "does not reproduce" :
								 "skipped, not tried",
			reproduction->why);
	return worse(status, EXIT_FAILED);
}

static int convert(const char *file)
{
	static struct program program;
	static struct reproduction reproduction;
	char error[PROGRAM_FILE_ERROR];
	struct rules *rules = rules_new();
	struct reproduce_options how = {
		.name = file,
		.compiler = options.compiler,
		.deterministic = options.deterministic,
		.run = !options.no_run,
		.seconds = options.seconds,
	};
	int status = EXIT_BAD;

	name_files(&how, file);
	if (!rules) {
		fprintf(stderr, "%s: expected memory for the model\n", file);
	} else if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
	} else {
		rules_evaluate(rules, &program);
		reproduce(&program, rules, &how, &reproduction);
		status = finish(file, &reproduction);
	}
	rules_delete(rules);
	return status;
}

int command_to_c(int argc, char **argv)
{
	const struct option_row rows[] = {
		option_bytes(),
		OPTION_TEXT("cc", &options.compiler),
		OPTION_FLAG("deterministic", &options.deterministic),
		OPTION_FLAG("no-run", &options.no_run),
		{ .name = "output", .letter = 'o', .text = &options.out },
		option_timeout(&options.seconds),
		OPTION_END,
	};
	int status = options_take("to-c", help, rows, argc, argv);
	const char *file;

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("to-c", "expected one FILE");
	file = file_list_one("to-c", argv[optind]);
	return file ? convert(file) : EXIT_BAD;
}
