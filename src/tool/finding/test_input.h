/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One input that may fail: a page program, or text for a fuzz target that reads no page programs. */
#pragma once

#include <stdio.h>

#include "harness/program/program_file.h"
#include "tool/util/fuzz_target.h"

struct test_input {
	const struct fuzz_target *target; /* the target that reads the input; NULL: no target */
	struct program program;
	char *text;       /* an input that is no page program: lines of calls, or any bytes */
	size_t text_size; /* bytes of @text */
};

static inline bool test_input_is_program(const struct test_input *input)
{
	return !input->target || input->target->input_kind == READS_BYTES;
}

/* Return: whether the input was read; otherwise @error has the reason. */
bool test_input_load(struct test_input *input, const char *file_path, const struct fuzz_target *target,
		     char error[PROGRAM_FILE_ERROR]);
void test_input_destroy(struct test_input *input);

/* Return: the number of calls or bytes of the input; test_input_unit_name() returns which. */
size_t test_input_count_units(const struct test_input *input);
const char *test_input_unit_name(const struct test_input *input, size_t unit_count);

/*
 * Return: the bytes of the input, as its target reads them. The bytes are in memory of @input, or in a buffer
 * that the next call of this function overwrites.
 */
const void *test_input_encode(const struct test_input *input, size_t *encoded_size);

void test_input_print(FILE *out, const struct test_input *input);
