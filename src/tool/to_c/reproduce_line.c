/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/util/place.h"
#include "tool/to_c/reproduce_parts.h"

static const struct build builds[] = {
	{ "plain", "", PAGE_PLAIN },
	{ "asan", TO_C_ASAN_FLAGS, PAGE_ASAN },
	{ "tsan", TO_C_TSAN_FLAGS, PAGE_TSAN },
	{ "msan", TO_C_MSAN_FLAGS, PAGE_MSAN },
};

static void add(struct command_line *c, const char *before, const char *word, size_t len)
{
	size_t room = COMMAND_MAX - c->used;

	if (strlen(before) + len >= room) {
		c->whole = false;
		return;
	}
	c->used += (size_t)snprintf(c->text + c->used, room, "%s%.*s", before, (int)len, word);
}

static void add_quoted(struct command_line *c, const char *before, const char *word)
{
	char text[4 * PATH_MAX + 8] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (out) {
		shell_word_print(out, word);
		fclose(out);
	}
	c->whole &= *text != '\0';
	add(c, before, text, strlen(text));
}

static bool has_file(const char *directory, const char *name, size_t len)
{
	char path[2 * PATH_MAX];

	path_format_or_exit(path, sizeof(path), "%s/%.*s", directory, (int)len, name);
	return !access(path, R_OK);
}

/* Where the library's archives are: beside this binary, or where they are installed. */
static bool archive_directory(const char *archive, size_t len, char directory[PATH_MAX])
{
	if (place_own(directory, PATH_MAX) && has_file(directory, archive, len))
		return true;
	place_installed(PKGLIBDIR, directory, PATH_MAX);
	return has_file(directory, archive, len);
}

/* Archives of this build are named by directory and -l. Return: are they all there? */
static bool add_libraries(struct command_line *c, const char *libraries)
{
	char directory[PATH_MAX], name[256];

	for (const char *word = libraries; *(word += strspn(word, " "));) {
		size_t len = strcspn(word, " ");

		if (len > 5 && !memcmp(word, "lib", 3) && !memcmp(word + len - 2, ".a", 2)) {
			if (!archive_directory(word, len, directory))
				return false;
			add_quoted(c, " -L", directory);
			snprintf(name, sizeof(name), "%.*s", (int)len - 5, word + 3);
			add_quoted(c, " -l", name);
		} else {
			add(c, " ", word, len);
		}
		word += len;
	}
	return c->whole;
}

/* The header that the library was compiled against: of the sources, or the installed one. */
static const char *header_directory(void)
{
	static char directory[PATH_MAX];
	char own[PATH_MAX], source[2 * PATH_MAX];

	if (place_own(own, sizeof(own)) && has_file(own, "config.status", strlen("config.status"))) {
		path_format_or_exit(source, sizeof(source), "%s%s" PAGE_HEADER_SOURCE,
			 *PAGE_HEADER_SOURCE == '/' ? "" : own, *PAGE_HEADER_SOURCE == '/' ? "" : "/");
		if (realpath(source, directory))
			return directory;
	}
	place_installed(PAGE_HEADER_INSTALLED, directory, sizeof(directory));
	return directory;
}

const char *compiler_of(const struct reproduce_options *options)
{
	return options->compiler ? options->compiler : TO_C_CC;
}

static void begin_command(const struct reproduce_options *options, const struct build *build,
			  struct command_line *c)
{
	*c = (struct command_line){ .whole = true };
	add(c, "", compiler_of(options), strlen(compiler_of(options)));
	add(c, " -g -O1", "", 0);
	if (*build->flags)
		add(c, " ", build->flags, strlen(build->flags));
}

/* A file of the current directory; its name must not be taken for an option. */
static void add_beside(struct command_line *c, const char *before, const char *name)
{
	char path[NAME_MAX + 8];

	snprintf(path, sizeof(path), "%s%s", *name == '-' ? "./" : "", name);
	add_quoted(c, before, path);
}

/* Without the ending .c the compiler has to be told what the file is. */
static void add_files(const struct reproduce_options *options, struct command_line *c)
{
	size_t len = strlen(options->source);
	bool known = len > 2 && !strcmp(options->source + len - 2, ".c");

	add_beside(c, " -o ", options->binary);
	add_beside(c, known ? " " : " -x c ", options->source);
	if (!known)
		add(c, " -x none", "", 0);
}

/* Return: false if this build has no such flavour of the library. */
bool compile_here(const struct reproduce_options *options, const struct build *build,
			 struct command_line *c)
{
	begin_command(options, build, c);
	add_quoted(c, " -I", header_directory());
	add_files(options, c);
	if (!*build->libraries || !add_libraries(c, build->libraries))
		return false;
	add(c, " -pthread", "", 0);
	return c->whole;
}

void compile_installed(const struct reproduce_options *options, const struct build *build,
			      struct command_line *c)
{
	begin_command(options, build, c);
	add(c, " $(pkg-config --cflags libpage)", "", 0);
	add_files(options, c);
	add(c, " $(pkg-config --libs libpage) -pthread", "", 0);
}

const struct build *build_named(const struct reproduce_options *options, const char *flavour)
{
	static struct command_line unused;

	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
		if (!strcmp(builds[i].flavour, flavour))
			return compile_here(options, &builds[i], &unused) ? &builds[i] : NULL;
	return NULL;
}
