/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints the commands that replay an input. A replayer knows the file of its input; libFuzzer
 * writes the file after the finding, with a name that depends on its options and on the content.
 */
#include "fuzz/fuzz.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/sha1.h"
#include "harness/util/shell_word.h"

static struct {
	const uint8_t *data;
	size_t size;
	const char *file; /* NULL if an engine runs the target */
} input;

void fuzz_set_input(const uint8_t *data, size_t size)
{
	input.data = data;
	input.size = size;
}

void fuzz_set_input_file(const char *file)
{
	input.file = file;
}

/* ---- where libFuzzer puts the input ---- */

/* The arguments of this process, one string after the other; the last one is empty. */
static char arguments[1 << 16];

static void read_arguments(void)
{
	FILE *file = fopen("/proc/self/cmdline", "re");
	size_t used = file ? fread(arguments, 1, sizeof(arguments) - 2, file) : 0;

	if (file)
		fclose(file);
	memset(arguments + used, 0, sizeof(arguments) - used);
}

static const char *next_argument(const char *argument)
{
	return argument + strlen(argument) + 1;
}

/* Return: the value of the last option that begins with @option, or NULL. */
static const char *find_option_value(const char *option)
{
	const char *value = NULL;

	for (const char *at = arguments; *at; at = next_argument(at))
		if (!strncmp(at, option, strlen(option)))
			value = at + strlen(option);
	return value;
}

static bool file_has_input(const char *path)
{
	static uint8_t content[1 << 20];
	struct stat status;
	FILE *file;
	size_t size;

	if (stat(path, &status) || !S_ISREG(status.st_mode) || !(file = fopen(path, "re")))
		return false;
	size = fread(content, 1, sizeof(content), file);
	fclose(file);
	return size == input.size && !memcmp(content, input.data, size);
}

/* If an argument is an input file, libFuzzer runs that file and writes no new one. */
static const char *find_input_argument(void)
{
	if (!*arguments)
		return NULL;
	for (const char *at = next_argument(arguments); *at; at = next_argument(at))
		if (*at != '-' && file_has_input(at))
			return at;
	return NULL;
}

static const char *find_engine_file(void)
{
	static char path[PATH_MAX];
	const char *file, *prefix;
	char hash[SHA1_TEXT];

	read_arguments();
	file = find_input_argument();
	if (!file)
		file = find_option_value("-exact_artifact_path=");
	if (file)
		return file;
	prefix = find_option_value("-artifact_prefix=");
	sha1_text(input.data, input.size, hash);
	snprintf(path, sizeof(path), "%.4000s" "crash-%s", prefix ? prefix : "./", hash);
	return path;
}

/* ---- commands ---- */

static void print_backend_variable(void)
{
	const char *backend = getenv("PAGE_MAP");

	if (!backend)
		return;
	fputs("PAGE_MAP=", stderr);
	shell_word_print(stderr, backend);
	putc(' ', stderr);
}

static void print_shell_command(const char *label, const char *binary, const char *words,
				const char *file)
{
	fputs(label, stderr);
	print_backend_variable();
	shell_word_print(stderr, binary);
	fputs(words, stderr);
	shell_path_print(stderr, file);
	putc('\n', stderr);
}

/* Prints the command that prints the input as text, if the program for it exists. */
static void print_read_command(const char *target, const char *file)
{
	char replayer[64], binary[PATH_MAX];
	const char *own = strrchr(shell_binary_path(), '/');

	switch (fuzz_input_kind) {
	case FUZZ_BYTES:
		if (shell_find_next_to_binary("pagetorture", binary, sizeof(binary)))
			print_shell_command("read:   ", binary, " convert --text ", file);
		break;
	case FUZZ_CALLS:
		snprintf(replayer, sizeof(replayer), "%s-replay", target);
		if (own && !strncmp(own + 1, replayer, strlen(replayer)))
			print_shell_command("read:   ", shell_binary_path(), " --text ", file);
		else if (shell_find_next_to_binary(replayer, binary, sizeof(binary)))
			print_shell_command("read:   ", binary, " --text ", file);
		break;
	case FUZZ_TEXT:
		break;
	}
}

void fuzz_print_commands(const char *target)
{
	const char *file = input.file;

	if (!file && getenv("__AFL_SHM_ID")) {
		fputs("the input: in crashes/ of the output directory of afl-fuzz\n", stderr);
		return;
	}
	if (!file)
		file = find_engine_file();
	print_shell_command("replay: ", shell_binary_path(), " ", file);
	print_read_command(target, file);
}
