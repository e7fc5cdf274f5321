/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/test_input.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/api_call.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"

/* Replaces the encoded calls in input->text by lines of text. Return: false if there is no memory. */
static bool replace_api_call_records_by_text(struct test_input *input)
{
	struct api_call calls[API_CALLS_MAX];
	size_t count = api_decode_calls((uint8_t *)input->text, input->text_size, calls);
	FILE *out;

	free(input->text);
	input->text = NULL;
	out = open_memstream(&input->text, &input->text_size);
	if (!out)
		return false;
	api_print_calls(out, calls, count);
	return !fclose(out);
}

bool test_input_load(struct test_input *input, const char *file_path, const struct fuzz_target *target,
		     char error[PROGRAM_FILE_ERROR])
{
	memset(input, 0, sizeof(*input));
	input->target = target;
	if (test_input_is_program(input)) {
		if (!program_file_read_and_parse(file_path, &input->program, error))
			return false;
		program_update_lines(&input->program);
		return true;
	}
	input->text = program_file_read_or_stdin(file_path, &input->text_size, error);
	if (!input->text)
		return false;
	if (target->input_kind != READS_CALLS || api_has_text_header(input->text, input->text_size) ||
	    replace_api_call_records_by_text(input))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s: expected memory, got none", file_path);
	return false;
}

void test_input_destroy(struct test_input *input)
{
	free(input->text);
	input->text = NULL;
}

size_t test_input_count_units(const struct test_input *input)
{
	size_t line_count = 0;

	if (test_input_is_program(input))
		return input->program.count;
	if (input->target->input_kind != READS_CALLS)
		return input->text_size;
	for (size_t i = 0; i < input->text_size; i++)
		line_count += input->text[i] == '\n';
	return line_count ? line_count - 1 : 0; /* the first line is a header */
}

const char *test_input_unit_name(const struct test_input *input, size_t unit_count)
{
	if (test_input_is_program(input) || input->target->input_kind == READS_CALLS)
		return unit_count == 1 ? "call" : "calls";
	return unit_count == 1 ? "byte" : "bytes";
}

const void *test_input_encode(const struct test_input *input, size_t *encoded_size)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];

	*encoded_size =
		test_input_is_program(input) ? program_to_bytes(&input->program, bytes) : input->text_size;
	return test_input_is_program(input) ? (void *)bytes : input->text;
}

void test_input_print(FILE *out, const struct test_input *input)
{
	static char text[TEXT_PROGRAM_MAX];

	if (test_input_is_program(input))
		fwrite(text, 1, program_to_text(&input->program, text), out);
	else
		fwrite(input->text, 1, input->text_size, out);
}
