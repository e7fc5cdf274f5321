/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * make_programs COUNT SEED [repaired]: writes so many random programs, each named by its
 * seed; repaired ones break no rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program_text.h"
#include "harness/repair.h"
#include "tests/random_program.h"

/* @rules: to repair by; NULL: leave it */
static bool write_program(uint64_t seed, struct rules *rules)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	uint64_t state = seed;
	char name[40];
	FILE *file;
	size_t size;

	busy_program(&state, &program, 50, OP_COUNT);
	if (rules)
		repair(&program, rules);
	size = program_to_text(&program, text);
	snprintf(name, sizeof(name), "%llu.page", (unsigned long long)seed);
	file = fopen(name, "w");
	return file && fwrite(text, 1, size, file) == size && !fclose(file);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	bool repaired = argc == 4 && !strcmp(argv[3], "repaired");
	struct rules *rules = repaired ? rules_new() : NULL;

	if (!count || argc > 4 || repaired != (argc == 4) || repaired != !!rules) {
		fprintf(stderr, "make_programs: expected COUNT SEED [repaired]\n");
		return 2;
	}
	for (unsigned long i = 0; i < count; i++)
		if (!write_program(seed + i, rules)) {
			perror("make_programs: expected to write a program");
			return 1;
		}
	rules_delete(rules);
	return 0;
}
