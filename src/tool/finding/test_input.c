/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/test_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/api_call.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"

/* Replaces the text of calls by their records. */
static bool encode_calls(struct test_input *input, const char *file, char error[PROGRAM_FILE_ERROR])
{
	char *text = strndup((char *)input->bytes, input->size);
	uint8_t *records = malloc(API_MOST * API_RECORD);
	unsigned int line = 0;

	free(input->bytes);
	input->bytes = records;
	input->size = text && records ? api_text_to_bytes(text, records, &line) : 0;
	free(text);
	if (!input->size)
		snprintf(error, PROGRAM_FILE_ERROR, "%s:%u: expected a call of fuzz/api.def, at most %d",
			 file, line, API_MOST);
	return input->size;
}

bool test_input_load(struct test_input *input, const char *file, const struct fuzz_target *target,
		     char error[PROGRAM_FILE_ERROR])
{
	memset(input, 0, sizeof(*input));
	input->reads = target ? target->reads : READS_BYTES;
	if (test_input_is_program(input)) {
		if (!program_file_load(file, &input->program, error))
			return false;
		program_renumber(&input->program);
		return true;
	}
	input->bytes = (uint8_t *)program_file_read(file, &input->size, error);
	if (!input->bytes)
		return false;
	return input->reads != READS_CALLS || !api_is_text((char *)input->bytes, input->size) ||
	       encode_calls(input, file, error);
}

bool test_input_copy(struct test_input *to, const struct test_input *from)
{
	*to = *from;
	if (!from->bytes)
		return true;
	to->bytes = malloc(from->size + 1);
	if (to->bytes)
		memcpy(to->bytes, from->bytes, from->size);
	return to->bytes;
}

void test_input_destroy(struct test_input *input)
{
	free(input->bytes);
	input->bytes = NULL;
}

size_t test_input_size(const struct test_input *input, const char **unit)
{
	*unit = input->reads == READS_TEXT ? "bytes" : "calls";
	if (test_input_is_program(input))
		return input->program.count;
	return input->reads == READS_CALLS ? input->size / API_RECORD : input->size;
}

const uint8_t *test_input_bytes(const struct test_input *input, size_t *size)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];

	*size = input->size;
	if (!test_input_is_program(input))
		return input->bytes;
	*size = program_to_bytes(&input->program, bytes);
	return bytes;
}

static void print_calls(FILE *out, const struct test_input *input)
{
	struct api_call calls[API_MOST];
	size_t count = api_from_bytes(input->bytes, input->size, calls);
	char line[API_LINE];

	fputs("calls 1\n", out);
	for (size_t i = 0; i < count; i++) {
		api_to_text(&calls[i], line);
		fprintf(out, "%s\n", line);
	}
}

void test_input_print(FILE *out, const struct test_input *input)
{
	static char text[TEXT_PROGRAM_MAX];

	if (test_input_is_program(input))
		fwrite(text, 1, program_to_text(&input->program, text), out);
	else if (input->reads == READS_CALLS)
		print_calls(out, input);
	else
		fwrite(input->bytes, 1, input->size, out);
}
