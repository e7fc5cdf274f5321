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

/* One path that is walked. */
struct walk {
	input_fn fn;
	void *ctx;
	size_t given; /* inputs */
	size_t ignored; /* files of a directory that are no inputs */
	bool failed;
};

static void complain(struct walk *walk, const char *error)
{
	fprintf(stderr, "%s\n", error);
	walk->failed = true;
}

static bool load_calls(struct walk *walk, const char *name, uint8_t **bytes, size_t *size)
{
	char *text = calloc(1, *size + 1), error[PROGRAM_FILE_ERROR];
	bool header = api_is_text((char *)*bytes, *size);
	unsigned int line = 0;

	if (text)
		memcpy(text, *bytes, *size);
	free(*bytes);
	*bytes = malloc(API_MOST * API_RECORD);
	*size = header && text && *bytes ? api_text_to_bytes(text, *bytes, &line) : 0;
	free(text);
	if (*size)
		return true;
	if (header)
		snprintf(error, sizeof(error),
			 "%s:%u: expected a call of fuzz/api.def, at most %d of them", name, line,
			 API_MOST);
	else
		snprintf(error, sizeof(error),
			 "%s:1: expected the header 'calls 1', or the name of an input: *.page, "
			 PROGRAM_BYTE_NAMES, name);
	complain(walk, line || !header ? error : "expected memory, got none");
	free(*bytes);
	return false;
}

/* fuzz_text reads programs with errors too: only a file that is no program is refused. */
static bool is_any_program(const char *name, const char *text, size_t size,
			   char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	struct text_error text_error;

	return program_name_is_text(name) ||
	       program_from_text(&program, text, size, &text_error) || !text_error.no_header ||
	       program_file_parse(name, text, size, &program, error);
}

/* For a target that reads bytes, text is encoded first. */
static bool encode(const char *name, uint8_t **bytes, size_t *size, char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool good = program_file_parse(name, (char *)*bytes, *size, &program, error);

	if (!good)
		return false;
	free(*bytes);
	*bytes = malloc(PROGRAM_BYTES_MAX);
	if (*bytes)
		*size = program_to_bytes(&program, *bytes);
	else
		snprintf(error, PROGRAM_FILE_ERROR, "expected memory, got none");
	return *bytes;
}

static bool load(struct walk *walk, const char *name, uint8_t **bytes, size_t *size)
{
	char error[PROGRAM_FILE_ERROR];
	char *content = program_file_read(name, size, error);
	bool good = content;

	*bytes = (uint8_t *)content;
	if (good && program_name_is_bytes(name))
		return true;
	if (good && fuzz_reads == FUZZ_CALLS && !program_name_is_text(name))
		return load_calls(walk, name, bytes, size);
	if (good)
		good = fuzz_reads == FUZZ_TEXT ? is_any_program(name, content, *size, error) :
						 encode(name, bytes, size, error);
	if (good)
		return true;
	complain(walk, error);
	free(*bytes);
	return false;
}

static void walk_file(const char *name, void *ctx)
{
	struct walk *walk = ctx;
	uint8_t *bytes, *exact;
	size_t size;

	if (!load(walk, name, &bytes, &size))
		return;
	/* A copy of the exact size, so that reading beyond the input is seen. */
	exact = malloc(size ? size : 1);
	if (exact && size)
		memcpy(exact, bytes, size);
	if (exact) {
		walk->fn(&(struct input){ name, exact, size }, walk->ctx);
		walk->given++;
	} else {
		complain(walk, "expected memory for an input, got none");
	}
	free(exact);
	free(bytes);
}

/* Text for fuzz_api is calls; it takes a program too, for its bytes. */
static bool is_input_name(const char *name)
{
	size_t len = strlen(name);

	return program_name_is_known(name) ||
	       (fuzz_reads == FUZZ_CALLS && len > 6 && !strcmp(name + len - 6, ".calls"));
}

static void walk_directory_file(const char *name, void *ctx)
{
	struct walk *walk = ctx;

	if (is_input_name(name))
		walk_file(name, ctx);
	else
		walk->ignored++;
}

bool input_each(const char *path, input_fn fn, void *ctx)
{
	struct walk walk = { .fn = fn, .ctx = ctx };
	struct stat status;
	bool directory = !stat(path, &status) && S_ISDIR(status.st_mode);

	walk.failed |= !walk_files(path, directory ? walk_directory_file : walk_file, &walk);
	if (walk.ignored)
		fprintf(stderr, "%s: %zu file%s ignored: not named like an input\n", path, walk.ignored,
			walk.ignored == 1 ? "" : "s");
	if (!walk.given) {
		fprintf(stderr, "%s: expected at least one input\n", path);
		return false;
	}
	return !walk.failed;
}
