/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* make_programs COUNT SEED: writes so many random programs as SEED-N.page. */
#include <stdio.h>
#include <stdlib.h>

#include "harness/program_text.h"
#include "tests/random_program.h"

static bool write_program(uint64_t seed)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	uint64_t state = seed;
	char name[40];
	FILE *file;
	size_t size;

	busy_program(&state, &program, 50, OP_COUNT);
	size = program_to_text(&program, text);
	snprintf(name, sizeof(name), "%llu.page", (unsigned long long)seed);
	file = fopen(name, "w");
	return file && fwrite(text, 1, size, file) == size && !fclose(file);
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long seed = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (!count) {
		fprintf(stderr, "make_programs: expected COUNT SEED\n");
		return 2;
	}
	for (unsigned long i = 0; i < count; i++)
		if (!write_program(seed + i)) {
			perror("make_programs: expected to write a program");
			return 1;
		}
	return 0;
}
