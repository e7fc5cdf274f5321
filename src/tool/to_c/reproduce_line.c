/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/util/installation.h"
#include "tool/to_c/reproduce_parts.h"

static const struct build builds[] = {
	{ "plain", "", PAGE_PLAIN },
	{ "asan", TO_C_ASAN_FLAGS, PAGE_ASAN },
	{ "tsan", TO_C_TSAN_FLAGS, PAGE_TSAN },
	{ "msan", TO_C_MSAN_FLAGS, PAGE_MSAN },
};

static bool has_file(const char *directory, const char *name, size_t len)
{
	char path[2 * PATH_MAX];

	path_format_or_exit(path, sizeof(path), "%s/%.*s", directory, (int)len, name);
	return !access(path, R_OK);
}

/* Where the library's archives are: beside this binary, or where they are installed. */
static bool archive_directory(const char *archive, size_t len, char directory[PATH_MAX])
{
	if (own_directory(directory, PATH_MAX) && has_file(directory, archive, len))
		return true;
	installed_directory(PKGLIBDIR, directory, PATH_MAX);
	return has_file(directory, archive, len);
}

static void print_quoted(FILE *out, const char *option, const char *word)
{
	fprintf(out, " %s", option);
	shell_word_print(out, word);
}

/* Archives of this build are named by directory and -l. Return: are all of them there? */
static bool print_libraries(FILE *out, const char *libraries)
{
	char directory[PATH_MAX], name[256];

	for (const char *word = libraries; *(word += strspn(word, " "));) {
		size_t len = strcspn(word, " ");

		if (len > 5 && !memcmp(word, "lib", 3) && !memcmp(word + len - 2, ".a", 2)) {
			if (!archive_directory(word, len, directory))
				return false;
			print_quoted(out, "-L", directory);
			snprintf(name, sizeof(name), "%.*s", (int)len - 5, word + 3);
			print_quoted(out, "-l", name);
		} else {
			fprintf(out, " %.*s", (int)len, word);
		}
		word += len;
	}
	return true;
}

/* The header that the library was compiled against: of the sources, or the installed one. */
static const char *header_directory(void)
{
	static char directory[PATH_MAX];
	char own[PATH_MAX], source[2 * PATH_MAX];

	if (own_directory(own, sizeof(own)) && has_file(own, "config.status", strlen("config.status"))) {
		path_format_or_exit(source, sizeof(source), "%s%s" PAGE_HEADER_SOURCE,
			 *PAGE_HEADER_SOURCE == '/' ? "" : own, *PAGE_HEADER_SOURCE == '/' ? "" : "/");
		if (realpath(source, directory))
			return directory;
	}
	installed_directory(PAGE_HEADER_INSTALLED, directory, sizeof(directory));
	return directory;
}

const char *compiler_of(const struct reproduce_options *options)
{
	return options->compiler ? options->compiler : TO_C_CC;
}

/* A file of the current directory; its name must not be taken for an option. */
static void print_file(FILE *out, const char *option, const char *name)
{
	char path[NAME_MAX + 8];

	snprintf(path, sizeof(path), "%s%s", *name == '-' ? "./" : "", name);
	print_quoted(out, option, path);
}

/* Without the ending .c the compiler needs an option for the language. */
static void print_files(FILE *out, const struct reproduce_options *options)
{
	size_t len = strlen(options->source);
	bool known = len > 2 && !strcmp(options->source + len - 2, ".c");

	print_file(out, "-o ", options->binary);
	print_file(out, known ? "" : "-x c ", options->source);
	fputs(known ? "" : " -x none", out);
}

/* Return: are the libraries of this build there? An installed one is not looked for. */
static bool print_command(FILE *out, const struct reproduce_options *options,
			  const struct build *build, bool installed)
{
	bool there = true;

	fprintf(out, "%s -g -O1%s%s", compiler_of(options), *build->flags ? " " : "", build->flags);
	if (installed)
		fputs(" $(pkg-config --cflags libpage)", out);
	else
		print_quoted(out, "-I", header_directory());
	print_files(out, options);
	if (installed)
		fputs(" $(pkg-config --libs libpage)", out);
	else
		there = *build->libraries && print_libraries(out, build->libraries);
	fputs(" -pthread", out);
	return there;
}

char *compile_command(const struct reproduce_options *options, const struct build *build,
		      bool installed)
{
	char *command = NULL;
	size_t size;
	FILE *out = open_memstream(&command, &size);
	bool there = out && print_command(out, options, build, installed);

	if (out && !fclose(out) && there)
		return command;
	free(command);
	return NULL;
}

const struct build *build_named(const struct reproduce_options *options, const char *flavour)
{
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
		if (!strcmp(builds[i].flavour, flavour)) {
			char *command = compile_command(options, &builds[i], false);

			free(command);
			return command ? &builds[i] : NULL;
		}
	return NULL;
}
