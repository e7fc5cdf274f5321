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

static void print_load_error(struct input_walk *walk, const char *error)
{
	fprintf(stderr, "%s\n", error);
	walk->has_failed = true;
}

static bool load_calls(struct input_walk *walk, const char *name, uint8_t **bytes, size_t *size)
{
	char *text = calloc(1, *size + 1), error[PROGRAM_FILE_ERROR];
	bool has_header = api_has_text_header((char *)*bytes, *size);
	unsigned int line = 0;

	if (text)
		memcpy(text, *bytes, *size);
	free(*bytes);
	*bytes = malloc(API_CALLS_MAX * API_RECORD_SIZE);
	*size = has_header && text && *bytes ? api_encode_text(text, *bytes, &line) : 0;
	free(text);
	if (*size)
		return true;
	if (has_header)
		snprintf(error, sizeof(error),
			 "%s:%u: expected a call of fuzz/api.def, at most %d of them", name, line,
			 API_CALLS_MAX);
	else
		snprintf(error, sizeof(error),
			 "%s:1: expected the header 'calls 1', or the name of an input: *.page, "
			 PROGRAM_BYTE_NAMES, name);
	print_load_error(walk, line || !has_header ? error : "expected memory, got none");
	free(*bytes);
	return false;
}

/*
 * Return: whether fuzz_text can read the file. It reads programs with errors too, but a file that
 * is no program text is refused.
 */
static bool is_readable_program_text(const char *name, const char *text, size_t size,
				     char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	struct text_error text_error;

	return program_name_is_text(name) ||
	       program_from_text(&program, text, size, &text_error) || !text_error.no_header ||
	       program_file_parse(name, text, size, &program, error);
}

/* Encodes a text as bytes, for targets that read bytes. */
static bool encode_program(const char *name, uint8_t **bytes, size_t *size,
			   char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool is_good = program_file_parse(name, (char *)*bytes, *size, &program, error);

	if (!is_good)
		return false;
	free(*bytes);
	*bytes = malloc(PROGRAM_BYTES_MAX);
	if (*bytes)
		*size = program_to_bytes(&program, *bytes);
	else
		snprintf(error, PROGRAM_FILE_ERROR, "expected memory, got none");
	return *bytes;
}

static bool load_input(struct input_walk *walk, const char *name, uint8_t **bytes, size_t *size)
{
	char error[PROGRAM_FILE_ERROR];
	char *content = program_file_read(name, size, error);
	bool is_good = content;

	*bytes = (uint8_t *)content;
	if (is_good && program_name_is_bytes(name))
		return true;
	if (is_good && fuzz_input_kind == FUZZ_CALLS && !program_name_is_text(name))
		return load_calls(walk, name, bytes, size);
	if (is_good)
		is_good = fuzz_input_kind == FUZZ_TEXT
				  ? is_readable_program_text(name, content, *size, error)
				  : encode_program(name, bytes, size, error);
	if (is_good)
		return true;
	print_load_error(walk, error);
	free(*bytes);
	return false;
}

static void run_input_file(const char *name, void *ctx)
{
	struct input_walk *walk = ctx;
	uint8_t *bytes, *exact_copy;
	size_t size;

	if (!load_input(walk, name, &bytes, &size))
		return;
	/* A copy of the exact size, so that AddressSanitizer reports reads beyond the input. */
	exact_copy = malloc(size ? size : 1);
	if (exact_copy && size)
		memcpy(exact_copy, bytes, size);
	if (exact_copy) {
		walk->fn(&(struct input){ name, exact_copy, size }, walk->ctx);
		walk->input_count++;
	} else {
		print_load_error(walk, "expected memory for an input, got none");
	}
	free(exact_copy);
	free(bytes);
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
	struct input_walk walk = { .fn = fn, .ctx = ctx };
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
