/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints the commands that replay an input. A replayer knows the file of its input. libFuzzer writes the file
 * later, so the name of that file is derived from libFuzzer's options and from the input.
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
	const char *file; /* name of the input's file; NULL if an engine runs the target */
} input;

void fuzz_set_input(const uint8_t *data, size_t size)
{
	input.data = data;
	input.size = size;
}

void fuzz_set_next_input_file(const char *file)
{
	input.file = file;
}

/* ---- the file to which libFuzzer writes the input ---- */

static bool file_equals_input(const char *path)
{
	static uint8_t content[1 << 20];
	struct stat status;
	FILE *file;
	size_t read_size;

	if (stat(path, &status) || !S_ISREG(status.st_mode) || !(file = fopen(path, "re")))
		return false;
	read_size = fread(content, 1, sizeof(content), file);
	fclose(file);
	return read_size == input.size && !memcmp(content, input.data, read_size);
}

/* If @argument begins with @option, sets @value to the rest of @argument. */
static void read_option_value(const char *argument, const char *option, const char **value)
{
	if (!strncmp(argument, option, strlen(option)))
		*value = argument + strlen(option);
}

/*
 * Reads the arguments of this process from /proc. If an argument is a file with the current input, libFuzzer
 * runs this file and writes no new file. Return: the file with the current input, or the file that libFuzzer
 * will write.
 */
static const char *find_or_predict_input_file(void)
{
	static char arguments[1 << 16], path[PATH_MAX];
	FILE *file = fopen("/proc/self/cmdline", "re");
	size_t size = file ? fread(arguments, 1, sizeof(arguments) - 1, file) : 0;
	const char *exact_path = NULL, *prefix = "./";
	char input_hash[SHA1_TEXT];

	if (file)
		fclose(file);
	arguments[size] = '\0';
	for (const char *argument = arguments; argument < arguments + size;
	     argument += strlen(argument) + 1) {
		if (argument > arguments && *argument != '-' && file_equals_input(argument))
			return argument;
		read_option_value(argument, "-exact_artifact_path=", &exact_path);
		read_option_value(argument, "-artifact_prefix=", &prefix);
	}
	if (exact_path)
		return exact_path;
	sha1_write_hex(input.data, input.size, input_hash);
	snprintf(path, sizeof(path),
		 "%.4000s"
		 "crash-%s",
		 prefix, input_hash);
	return path;
}

/* ---- printing commands ---- */

static void print_shell_command(const char *label, const char *binary, const char *arguments,
				const char *file)
{
	const char *backend = getenv("PAGE_MAP");

	fputs(label, stderr);
	if (backend) {
		fputs("PAGE_MAP=", stderr);
		shell_word_print(stderr, backend);
		putc(' ', stderr);
	}
	shell_word_print(stderr, binary);
	fputs(arguments, stderr);
	shell_absolute_path_print(stderr, file);
	putc('\n', stderr);
}

/* Prints the command that shows a byte input as text, if the program of that command exists. */
static void print_command_to_show_input(const char *target, const char *file)
{
	char replayer_name[64], binary[PATH_MAX];
	const char *own = strrchr(running_binary_path(), '/');
	bool is_calls = fuzz_input_kind == FUZZ_CALLS;

	if (fuzz_input_kind == FUZZ_TEXT)
		return;
	snprintf(replayer_name, sizeof(replayer_name), "%s-replay", target);
	if (is_calls && own && !strncmp(own + 1, replayer_name, strlen(replayer_name)))
		print_shell_command("read:   ", running_binary_path(), " --text ", file);
	else if (find_executable_beside_running_binary(is_calls ? replayer_name : "pagetorture", binary,
						       sizeof(binary)))
		print_shell_command("read:   ", binary, is_calls ? " --text " : " convert --text ", file);
}

void fuzz_print_explore_command(const struct deviations *schedule, const char *program_text)
{
	char binary[PATH_MAX], text[DEVIATIONS_TEXT];

	if (!find_executable_beside_running_binary("pagetorture", binary, sizeof(binary)))
		return;
	deviations_to_text(schedule, text);
	fputs("explore: ", stderr);
	shell_word_print(stderr, binary);
	fputs(" explore --library --replay ", stderr);
	shell_word_print(stderr, text);
	fprintf(stderr, " - <<'END'\n%sEND\n", program_text);
}

void fuzz_print_replay_commands(const char *target)
{
	const char *file = input.file;

	if (!file && getenv("__AFL_SHM_ID")) {
		fputs("the input is a file in crashes/ of the output directory of afl-fuzz\n", stderr);
		return;
	}
	if (!file)
		file = find_or_predict_input_file();
	print_shell_command("replay: ", running_binary_path(), " ", file);
	print_command_to_show_input(target, file);
}
