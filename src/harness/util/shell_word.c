/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/shell_word.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char safe_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				      "_./=+,:@%-";

void shell_word_print(FILE *out, const char *word)
{
	if (*word && !word[strspn(word, safe_characters)]) {
		fputs(word, out);
		return;
	}
	putc('\'', out);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			putc(*word, out);
	putc('\'', out);
}

void shell_absolute_path_print(FILE *out, const char *path)
{
	char working_directory[PATH_MAX], absolute_path[2 * PATH_MAX];

	while (!strncmp(path, "./", 2))
		path += 2 + strspn(path + 2, "/");
	if (*path == '/' || !getcwd(working_directory, sizeof(working_directory))) {
		/* A command would take a name that begins with '-' as an option. */
		snprintf(absolute_path, sizeof(absolute_path), "%s%s", *path == '-' ? "./" : "", path);
	} else {
		snprintf(absolute_path, sizeof(absolute_path), "%s/%s",
			 strcmp(working_directory, "/") ? working_directory : "", path);
	}
	shell_word_print(out, absolute_path);
}

const char *running_binary_path(void)
{
	static const char deleted[] = " (deleted)";
	static char path[PATH_MAX];
	ssize_t len = *path ? 0 : readlink("/proc/self/exe", path, sizeof(path) - 1);
	size_t tail = strlen(deleted);

	if (len < 0)
		return program_invocation_name;
	/* If the binary's file is replaced, Linux adds " (deleted)" to the path in /proc/self/exe. */
	if ((size_t)len > tail && !strcmp(path + len - tail, deleted) && access(path, F_OK))
		path[(size_t)len - tail] = '\0';
	return path;
}

bool find_executable_beside_running_binary(const char *name, char *path, size_t size)
{
	const char *binary_path = running_binary_path(), *slash = strrchr(binary_path, '/');
	int len = snprintf(path, size, "%.*s/%s", slash ? (int)(slash - binary_path) : 1,
			   slash ? binary_path : ".", name);

	return len > 0 && (size_t)len < size && !access(path, X_OK);
}
