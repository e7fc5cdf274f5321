/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Runs a fuzz target with inputs from files, without an engine; every compiler can build it.
 *
 * Directories are walked in sorted order. The name of an input is printed before the input runs, so the last
 * printed name before a crash is the name of the input that crashes. A run without any input is an error.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz/api_call.h"
#include "fuzz/fuzz.h"
#include "fuzz/input.h"
#include "harness/program/program_name.h"

static const char help[] =
	"Usage: %s [--from-bytes] FILE|DIRECTORY...\n"
	"       %s [--from-bytes] --bytes FILE\n"
	"       fuzz_api-replay [--from-bytes] --text FILE\n"
	"Replay programs (for fuzz_api: calls), text or bytes, through the fuzz target; or\n"
	"print a file as the target reads it, or as text. Byte strings are "
	"named\n" PROGRAM_BYTE_NAMES ";\n"
	"with --from-bytes every FILE is one.\n"
	"Exit status: 0 all inputs ran; 1 an input could not be read, or there was no input.\n";

static void write_raw_input_bytes(const struct input *input, void *count)
{
	*(size_t *)count += fwrite(input->bytes, 1, input->size, stdout) == input->size;
}

/* Prints an input of fuzz_api as text; `pagetorture convert` prints page programs only. */
static void print_calls_of_input(const struct input *input, void *count)
{
	static struct api_call calls[API_CALLS_MAX];
	size_t call_count = api_decode_calls(input->bytes, input->size, calls);

	api_print_calls(stdout, calls, call_count);
	++*(size_t *)count;
}

static void replay_input(const struct input *input, void *count)
{
	printf("%s\n", input->file_name);
	fflush(stdout);
	fuzz_set_next_input_file(input->file_name);
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	++*(size_t *)count;
}

int main(int argc, char **argv)
{
	const char *self = argv[0];
	size_t count = 0;
	bool is_good = true;

	program_all_bytes = argc > 1 && !strcmp(argv[1], "--from-bytes");
	argc -= program_all_bytes;
	argv += program_all_bytes;
	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fprintf(argc < 2 ? stderr : stdout, help, self, self);
		return argc < 2 ? 2 : 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--bytes"))
		return !input_for_each(argv[2], write_raw_input_bytes, &count) || count != 1;
	if (argc == 3 && !strcmp(argv[1], "--text") && fuzz_input_kind == FUZZ_CALLS)
		return !input_for_each(argv[2], print_calls_of_input, &count) || count != 1;
	LLVMFuzzerInitialize(NULL, NULL);
	for (int i = 1; i < argc; i++)
		is_good &= input_for_each(argv[i], replay_input, &count);
	printf("%zu inputs replayed\n", count);
	return !is_good;
}
