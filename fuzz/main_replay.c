/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Replays inputs through a fuzz target without an engine, in any compiler's build.
 *
 * Folders are walked in sorted order. The name of an input is printed before it runs,
 * so the last line of a crash is the culprit. Replaying nothing is a failure.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/input.h"

static void replay(const struct input *input, void *ctx)
{
	size_t *replayed = ctx;

	printf("%s\n", input->name);
	fflush(stdout);
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	++*replayed;
}

int main(int argc, char **argv)
{
	size_t replayed = 0;
	bool good = true;

	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fprintf(argc < 2 ? stderr : stdout,
			"Usage: %s FILE|FOLDER...\n"
			"Replay programs, text (.page) or bytes, through the fuzz target.\n"
			"Exit status: 0 all ran; 1 one could not be read, or there were none.\n",
			argv[0]);
		return argc < 2 ? 2 : 0;
	}
	for (int i = 1; i < argc; i++)
		good &= input_each(argv[i], replay, &replayed);
	printf("%zu inputs replayed\n", replayed);
	return !good;
}
