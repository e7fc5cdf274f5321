/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One input that may fail: a page program, or the bytes of a fuzz target that reads no programs. */
#ifndef TOOL_TEST_INPUT_H
#define TOOL_TEST_INPUT_H

#include <stdint.h>
#include <stdio.h>

#include "harness/program/program_file.h"
#include "tool/util/fuzz_target.h"

struct test_input {
	enum target_reads reads;
	struct program program; /* for READS_BYTES */
	uint8_t *bytes;		/* otherwise: text, or records of calls (fuzz/api_call.h) */
	size_t size;
};

static inline bool test_input_is_program(const struct test_input *input)
{
	return input->reads == READS_BYTES;
}

/*
 * Reads @file as @target reads its inputs, as a page program without a target.
 * @error: gets what is wrong
 */
bool test_input_load(struct test_input *input, const char *file, const struct fuzz_target *target,
		     char error[PROGRAM_FILE_ERROR]);
bool test_input_copy(struct test_input *to, const struct test_input *from);
void test_input_destroy(struct test_input *input);

/* Return: how many calls or bytes it has; @unit gets which. */
size_t test_input_size(const struct test_input *input, const char **unit);

/* The input as its target reads it. Return: memory of the input, or a buffer until the next call. */
const uint8_t *test_input_bytes(const struct test_input *input, size_t *size);

/* Prints the input for people: a program and calls as text, any other as it is. */
void test_input_print(FILE *out, const struct test_input *input);

#endif
