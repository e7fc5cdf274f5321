/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/shell_word.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			   "_./=+,:@%-";

void shell_word_print(FILE *out, const char *word)
{
	if (*word && !word[strspn(word, safe)]) {
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

void shell_path_print(FILE *out, const char *path)
{
	char directory[PATH_MAX], absolute[2 * PATH_MAX];

	while (!strncmp(path, "./", 2))
		path += 2 + strspn(path + 2, "/");
	if (*path == '/' || !getcwd(directory, sizeof(directory))) {
		/* A name that begins with '-' would be taken as an option. */
		snprintf(absolute, sizeof(absolute), "%s%s", *path == '-' ? "./" : "", path);
	} else {
		snprintf(absolute, sizeof(absolute), "%s/%s", strcmp(directory, "/") ? directory : "",
			 path);
	}
	shell_word_print(out, absolute);
}

const char *shell_binary_path(void)
{
	static const char deleted[] = " (deleted)";
	static char path[PATH_MAX];
	ssize_t len = *path ? 0 : readlink("/proc/self/exe", path, sizeof(path) - 1);
	size_t tail = strlen(deleted);

	if (len < 0)
		return program_invocation_name;
	/* A build that runs at the same time may replace the file of this binary. */
	if ((size_t)len > tail && !strcmp(path + len - tail, deleted) && access(path, F_OK))
		path[(size_t)len - tail] = '\0';
	return path;
}

bool shell_find_next_to_binary(const char *name, char *path, size_t size)
{
	const char *own = shell_binary_path(), *slash = strrchr(own, '/');
	int len = snprintf(path, size, "%.*s/%s", slash ? (int)(slash - own) : 1, slash ? own : ".",
			   name);

	return len > 0 && (size_t)len < size && !access(path, X_OK);
}
