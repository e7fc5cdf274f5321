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

/* The state of a walk through one path. */
struct input_walk {
	input_fn fn;
	void *ctx;
	size_t input_count;
	size_t ignored_files; /* files in a directory whose names are not those of inputs */
	bool has_failed;
};

/* Encodes a text of calls as bytes. */
static bool encode_calls(const char *name, const char *text, size_t *size, uint8_t *bytes,
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

/* Encodes a program as bytes, for targets that read bytes. */
static bool encode_program(const char *name, const char *text, size_t *size, uint8_t *bytes,
			   char *error)
{
	static struct program program;
	bool is_good = program_file_parse(name, text, *size, &program, error);

	if (is_good)
		*size = program_to_bytes(&program, bytes);
	return is_good;
}

/*
 * Copies a text for fuzz_text, which reads programs with errors too. But a file that is no program
 * text is refused.
 */
static bool copy_program_text(const char *name, const char *text, size_t *size, uint8_t *bytes,
			      char *error)
{
	static struct program program;
	struct text_error text_error;

	memcpy(bytes, text, *size);
	return program_name_is_text(name) ||
	       program_from_text(&program, text, *size, &text_error) || !text_error.no_header ||
	       program_file_parse(name, text, *size, &program, error);
}

/* Return: whether @bytes has the input as the target reads it; else @error is filled. */
static bool encode_content(const char *name, const char *content, size_t *size, uint8_t *bytes,
			   char *error)
{
	if (program_name_is_bytes(name)) {
		memcpy(bytes, content, *size);
		return true;
	}
	if (fuzz_input_kind == FUZZ_TEXT)
		return copy_program_text(name, content, size, bytes, error);
	return fuzz_input_kind == FUZZ_CALLS && !program_name_is_text(name)
		       ? encode_calls(name, content, size, bytes, error)
		       : encode_program(name, content, size, bytes, error);
}

static void run_input_file(const char *name, void *ctx)
{
	struct input_walk *walk = ctx;
	char error[PROGRAM_FILE_ERROR] = "expected memory for an input, got none";
	size_t size = 0;
	char *content = program_file_read(name, &size, error);
	uint8_t *bytes = content ? malloc(size + PROGRAM_BYTES_MAX) : NULL, *exact = NULL;

	/* The memory has the exact size, so that AddressSanitizer reports reads beyond the input.
	 */
	if (bytes && encode_content(name, content, &size, bytes, error))
		exact = realloc(bytes, size ? size : 1);
	if (exact) {
		walk->fn(&(struct input){name, exact, size}, walk->ctx);
		walk->input_count++;
	} else {
		fprintf(stderr, "%s\n", error);
		walk->has_failed = true;
	}
	free(exact ? exact : bytes);
	free(content);
}

/*
 * Return: whether the name is that of an input. fuzz_api reads texts of calls (*.calls), and
 * programs as bytes.
 */
static bool is_input_name(const char *name)
{
	size_t len = strlen(name);

	return program_name_is_known(name) ||
	       (fuzz_input_kind == FUZZ_CALLS && len > 6 && !strcmp(name + len - 6, ".calls"));
}

static void run_directory_file(const char *name, void *ctx)
{
	struct input_walk *walk = ctx;

	if (is_input_name(name))
		run_input_file(name, ctx);
	else
		walk->ignored_files++;
}

bool input_for_each(const char *path, input_fn fn, void *ctx)
{
	struct input_walk walk = {.fn = fn, .ctx = ctx};
	struct stat status;
	bool is_directory = !stat(path, &status) && S_ISDIR(status.st_mode);

	walk.has_failed |=
		!walk_files(path, is_directory ? run_directory_file : run_input_file, &walk);
	if (walk.ignored_files)
		fprintf(stderr, "%s: %zu file%s ignored: not named like an input\n", path,
			walk.ignored_files, walk.ignored_files == 1 ? "" : "s");
	if (!walk.input_count) {
		fprintf(stderr, "%s: expected at least one input\n", path);
		return false;
	}
	return !walk.has_failed;
}
