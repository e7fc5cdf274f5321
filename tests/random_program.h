/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/random.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"
#include "tests/tap.h"

/* Parses the text of a program, or ends the test. */
static inline void parse_program_or_exit(struct program *program, const char *text)
{
	struct text_error error;

	if (program_from_text(program, text, strlen(text), &error))
		return;
	printf("Bail out! line %u: %s\n", error.line_number, error.message);
	exit(1);
}

/* Parses the text of a program without its header line, or ends the test. */
static inline void parse_calls_or_exit(struct program *program, const char *calls)
{
	char program_text[4096];

	snprintf(program_text, sizeof(program_text), "pagetorture 1\n%s", calls);
	parse_program_or_exit(program, program_text);
}

static inline void fill_random_bytes(uint64_t *state, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random_next(state);
}

/* Makes any program of at most @max_calls calls; @max_calls must not exceed 60. */
static inline void make_random_program(uint64_t *state, struct program *program, size_t max_calls)
{
	uint8_t program_bytes[60 * PROGRAM_RECORD];
	size_t size = random_next(state) % (max_calls + 1) * PROGRAM_RECORD;

	fill_random_bytes(state, program_bytes, size);
	program_from_bytes(program, program_bytes, size);
}

/* Reports one check, which passes if @holds is true for the seeds 0 to @count - 1. */
static inline void check_seeds(unsigned int count, bool (*holds)(uint64_t seed), const char *name)
{
	uint64_t seed = 0;

	while (seed < count && holds(seed))
		seed++;
	if (!ok(seed == count, "%u programs: %s", count, name))
		printf("# does not hold for seed %llu\n", (unsigned long long)seed);
}

/*
 * Makes a program of 3 to @max_calls calls (at most 60), chosen from the first @op_count calls of ops.def.
 * The calls interact often: two pages, four threads, small ranges, and the pages are allocated first.
 */
static inline void make_interacting_program(uint64_t *state, struct program *program, size_t max_calls,
					    unsigned int op_count)
{
	uint8_t bytes[60 * PROGRAM_RECORD], *record = bytes;
	size_t count = 3 + random_next(state) % (max_calls - 2);

	for (size_t i = 0; i < count; i++, record += PROGRAM_RECORD) {
		bool is_mapping;

		fill_random_bytes(state, record, PROGRAM_RECORD);
		record[0] = (uint8_t)(i < 2 ? OP_alloc_page : random_next(state) % op_count);
		record[1] = (uint8_t)(i < 2 ? 0 : random_next(state) % 8 ? 1 + record[1] % 3 : 0);
		/* Use five handles of mappings, which nest, and two handles of each other kind. */
		is_mapping = (op_table[record[0]].argument_kinds[0] | 0x20) == 'k';
		record[2] = (uint8_t)(i < 2 ? i : record[2] % (is_mapping ? 5 : 2));
		record[3] %= 2;
		for (unsigned int n = 5; n < PROGRAM_RECORD; n += 2) {
			record[n] %= 48;
			record[n + 1] = random_next(state) % 16 ? 0 : record[n + 1];
		}
	}
	program_from_bytes(program, bytes, count * PROGRAM_RECORD);
}

/* Numbers the lines of the calls from @first_line on, to distinguish the calls of different programs. */
static inline void set_line_numbers(struct program *program, uint32_t first_line)
{
	for (size_t i = 0; i < program->count; i++)
		program->calls[i].line = first_line++;
}
