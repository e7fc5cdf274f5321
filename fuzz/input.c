/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/api_call.h"
#include "fuzz/fuzz.h"
#include "harness/util/walk.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"

/* The state of one call of input_for_each(). */
struct input_walk {
	input_fn fn;
	void *ctx;
	size_t input_count;        /* inputs that @fn got */
	size_t ignored_file_count; /* files in a directory whose names are not those of inputs */
	bool has_failed;
};

/* Encodes a text of library calls as bytes. Return: false if the text has an error. */
static bool encode_text_of_calls(const char *name, const char *text, size_t *size, uint8_t *bytes,
				 char *error)
{
	unsigned int line = 1;
	bool has_header = api_has_text_header(text, *size);

	*size = has_header ? api_encode_text(text, *size, bytes, &line) : 0;
	if (!has_header)
		snprintf(error, PROGRAM_FILE_ERROR,
			 "%s:1: expected the header 'calls 1', or the name of an input: "
			 "*.page, " PROGRAM_BYTE_NAMES,
			 name);
	else if (!*size)
		snprintf(error, PROGRAM_FILE_ERROR,
			 "%s:%u: expected a call of fuzz/api.def, at most %d of them", name, line,
			 API_CALLS_MAX);
	return *size;
}

/* Encodes a program text as bytes, for targets that read bytes. */
static bool encode_program_text(const char *name, const char *text, size_t *size, uint8_t *bytes, char *error)
{
	static struct program program;
	bool is_good = program_file_parse(name, text, *size, &program, error);

	if (is_good)
		*size = program_to_bytes(&program, bytes);
	return is_good;
}

/*
 * Copies a text for fuzz_text, which also reads program texts with errors.
 * Return: false if the text has no header, and @name is not the name of a program text.
 */
static bool copy_even_invalid_program_text(const char *name, const char *text, size_t *size, uint8_t *bytes,
					   char *error)
{
	static struct program program;
	struct text_error text_error;

	memcpy(bytes, text, *size);
	return program_name_is_text(name) || program_from_text(&program, text, *size, &text_error) ||
	       !text_error.no_header || program_file_parse(name, text, *size, &program, error);
}

/*
 * Converts the content of a file to the bytes that the target reads, and sets @size to the number of these
 * bytes. Return: false if the file has an error, which @error then describes.
 */
static bool encode_content(const char *name, const char *content, size_t *size, uint8_t *bytes, char *error)
{
	if (program_name_is_bytes(name)) {
		memcpy(bytes, content, *size);
		return true;
	}
	if (fuzz_input_kind == FUZZ_TEXT)
		return copy_even_invalid_program_text(name, content, size, bytes, error);
	return fuzz_input_kind == FUZZ_CALLS && !program_name_is_text(name) ?
		       encode_text_of_calls(name, content, size, bytes, error) :
		       encode_program_text(name, content, size, bytes, error);
}

static void read_and_pass_input(const char *name, void *ctx)
{
	struct input_walk *walk = ctx;
	char error[PROGRAM_FILE_ERROR] = "expected memory for an input, got none";
	size_t size = 0;
	char *content = program_file_read_or_stdin(name, &size, error);
	uint8_t *bytes = content ? malloc(size + PROGRAM_BYTES_MAX) : NULL, *exact = NULL;

	/* The memory has exactly the input's size, so AddressSanitizer reports reads beyond the input. */
	if (bytes && encode_content(name, content, &size, bytes, error))
		exact = realloc(bytes, size ? size : 1);
	if (exact) {
		walk->fn(&(struct input){ name, exact, size }, walk->ctx);
		walk->input_count++;
	} else {
		fprintf(stderr, "%s\n", error);
		walk->has_failed = true;
	}
	free(exact ? exact : bytes);
	free(content);
}

/* Passes a file of a directory to the callback if its name is that of a program, or for fuzz_api *.calls. */
static void pass_file_if_input(const char *name, void *ctx)
{
	struct input_walk *walk = ctx;
	size_t len = strlen(name);

	if (program_name_is_known(name) ||
	    (fuzz_input_kind == FUZZ_CALLS && len > 6 && !strcmp(name + len - 6, ".calls")))
		read_and_pass_input(name, ctx);
	else
		walk->ignored_file_count++;
}

bool input_for_each(const char *path, input_fn fn, void *ctx)
{
	struct input_walk walk = { .fn = fn, .ctx = ctx };
	struct stat status;
	bool is_directory = !stat(path, &status) && S_ISDIR(status.st_mode);

	walk.has_failed |= !walk_files(path, is_directory ? pass_file_if_input : read_and_pass_input, &walk);
	if (walk.ignored_file_count)
		fprintf(stderr, "%s: %zu file%s ignored: not named like an input\n", path,
			walk.ignored_file_count, walk.ignored_file_count == 1 ? "" : "s");
	if (!walk.input_count) {
		fprintf(stderr, "%s: expected at least one input\n", path);
		return false;
	}
	return !walk.has_failed;
}
