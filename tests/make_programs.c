/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * make_programs COUNT SEED [repaired|bytes]: writes so many random programs, each named by
 * its seed; repaired ones break no rule. Those in bytes are repaired too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program_text.h"
#include "harness/repair.h"
#include "tests/random_program.h"

static size_t encode(const struct program *program, bool bytes, void *content)
{
	return bytes ? program_to_bytes(program, content) : program_to_text(program, content);
}

/* @rules: to repair by; NULL: leave it */
static bool write_program(uint64_t seed, struct rules *rules, bool bytes)
{
	static struct program program;
	static char content[TEXT_PROGRAM_MAX + PROGRAM_BYTES_MAX];
	uint64_t state = seed;
	char name[40];
	FILE *file;
	size_t size;

	busy_program(&state, &program, 50, OP_COUNT);
	if (rules)
		repair(&program, rules);
	size = encode(&program, bytes, content);
	snprintf(name, sizeof(name), "%llu%s", (unsigned long long)seed, bytes ? "" : ".page");
	file = fopen(name, "w");
	return file && fwrite(content, 1, size, file) == size && !fclose(file);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	bool bytes = argc == 4 && !strcmp(argv[3], "bytes");
	bool repaired = bytes || (argc == 4 && !strcmp(argv[3], "repaired"));
	struct rules *rules = repaired ? rules_new() : NULL;

	if (!count || argc > 4 || repaired != (argc == 4) || repaired != !!rules) {
		fprintf(stderr, "make_programs: expected COUNT SEED [repaired|bytes]\n");
		return 2;
	}
	for (unsigned long i = 0; i < count; i++)
		if (!write_program(seed + i, rules, bytes)) {
			perror("make_programs: expected to write a program");
			return 1;
		}
	rules_delete(rules);
	return 0;
}
