/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * make_programs COUNT SEED [KIND]: writes COUNT random programs to files that are named by their seeds.
 * Programs of the kinds `repaired` and `bytes` break no rule; the kinds `bytes` and `random-bytes` are
 * written in byte form, other kinds as text. Programs of the kind `racy` have 40 calls, a race, and no fatal
 * call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/repair.h"
#include "harness/mutate/mutate.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"
#include "tests/random_program.h"

#define RACY_CALLS 40

static struct rules *rules;

static void make_interacting_program_from_seed(uint64_t seed, struct program *program)
{
	make_interacting_program(&seed, program, 50, OP_COUNT);
}

static void make_repaired_program(uint64_t seed, struct program *program)
{
	make_interacting_program(&seed, program, 50, OP_COUNT);
	repair_program_until_clean(program, rules);
}

static rule_set find_broken_rules(const struct program *program)
{
	rules_evaluate(rules, program);
	return rules_verdict(rules)->broken;
}

static bool has_max_calls_and_race(const struct program *program)
{
	return program->count == RACY_CALLS && find_broken_rules(program) & RULE_BIT(RULE_data_race);
}

/* Adds calls up to the maximum, then moves calls to other threads until two calls race. */
static void make_racy_program(uint64_t seed, struct program *program)
{
	static struct program candidate;
	const rule_set allowed_rules = RULE_BIT(RULE_data_race) | RULE_BIT(RULE_uninit_use);

	program->count = 0;
	for (unsigned int turn = 0; !has_max_calls_and_race(program); turn++) {
		bool full = program->count == RACY_CALLS;
		struct mutate_request request = { .seed = random_next(&seed), .max_calls = RACY_CALLS };

		/*
		 * Start again with an empty program, because some programs cannot race, whichever threads
		 * make the calls.
		 */
		if (turn % 400 == 399)
			program->count = 0;
		candidate = *program;
		if (mutate_with(full ? MUTATION_thread : MUTATION_insert, &candidate, &request) &&
		    !(find_broken_rules(&candidate) & ~allowed_rules))
			*program = candidate;
	}
}

static const struct program_kind {
	const char *program_kind_name;
	void (*make)(uint64_t seed, struct program *program);
	bool writes_byte_form;
} kinds[] = {
	{ "random", make_interacting_program_from_seed, false },
	{ "random-bytes", make_interacting_program_from_seed, true },
	{ "repaired", make_repaired_program, false },
	{ "bytes", make_repaired_program, true },
	{ "racy", make_racy_program, false },
};

static const struct program_kind *find_program_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].program_kind_name, name))
			return &kinds[i];
	return NULL;
}

static bool make_and_write_program(uint64_t seed, const struct program_kind *kind)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	const void *content = kind->writes_byte_form ? (void *)bytes : text;
	char file_name[40];
	FILE *file;
	size_t content_size;

	kind->make(seed, &program);
	content_size =
		kind->writes_byte_form ? program_to_bytes(&program, bytes) : program_to_text(&program, text);
	snprintf(file_name, sizeof(file_name), "%llu%s", (unsigned long long)seed,
		 kind->writes_byte_form ? ".bin" : ".page");
	file = fopen(file_name, "w");
	return file && fwrite(content, 1, content_size, file) == content_size && !fclose(file);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	const struct program_kind *kind = argc > 4 ? NULL : find_program_kind(argc == 4 ? argv[3] : "random");

	rules = rules_new();
	if (!count || !kind || !rules) {
		fprintf(stderr, "make_programs: expected COUNT SEED "
				"[random | random-bytes | repaired | bytes | racy]\n");
		return 2;
	}
	for (unsigned long i = 0; i < count; i++)
		if (!make_and_write_program(seed + i, kind)) {
			perror("make_programs: expected to write a program");
			return 1;
		}
	rules_delete(rules);
	return 0;
}
