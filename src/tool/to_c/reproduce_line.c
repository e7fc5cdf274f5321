/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/path.h"
#include "harness/base/shell_word.h"
#include "tool/kit/place.h"
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

static bool has_file(const char *folder, const char *name, size_t len)
{
	char path[2 * PATH_MAX];

	path_make_or_exit(path, sizeof(path), "%s/%.*s", folder, (int)len, name);
	return !access(path, R_OK);
}

/* Where the library's archives are: beside this binary, or where they are installed. */
static bool archive_folder(const char *archive, size_t len, char folder[PATH_MAX])
{
	if (place_own(folder, PATH_MAX) && has_file(folder, archive, len))
		return true;
	place_installed(PKGLIBDIR, folder, PATH_MAX);
	return has_file(folder, archive, len);
}

/* Archives of this build are named by folder and -l. Return: are they all there? */
static bool add_libraries(struct command_line *c, const char *libraries)
{
	char folder[PATH_MAX], name[256];

	for (const char *word = libraries; *(word += strspn(word, " "));) {
		size_t len = strcspn(word, " ");

		if (len > 5 && !memcmp(word, "lib", 3) && !memcmp(word + len - 2, ".a", 2)) {
			if (!archive_folder(word, len, folder))
				return false;
			add_quoted(c, " -L", folder);
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
static const char *header_folder(void)
{
	static char folder[PATH_MAX];
	char own[PATH_MAX], source[2 * PATH_MAX];

	if (place_own(own, sizeof(own)) && has_file(own, "config.status", strlen("config.status"))) {
		path_make_or_exit(source, sizeof(source), "%s%s" PAGE_HEADER_SOURCE,
			 *PAGE_HEADER_SOURCE == '/' ? "" : own, *PAGE_HEADER_SOURCE == '/' ? "" : "/");
		if (realpath(source, folder))
			return folder;
	}
	place_installed(PAGE_HEADER_INSTALLED, folder, sizeof(folder));
	return folder;
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
	add_quoted(c, " -I", header_folder());
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
