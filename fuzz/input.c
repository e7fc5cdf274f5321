/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/api_call.h"
#include "fuzz/fuzz.h"
#include "harness/base/walk.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "harness/program/program_text.h"

/* One path that is walked. */
struct walk {
	input_fn fn;
	void *ctx;
	size_t given; /* inputs */
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
	unsigned int line = 0;

	if (text)
		memcpy(text, *bytes, *size);
	free(*bytes);
	*bytes = malloc(API_MOST * API_RECORD);
	*size = text && *bytes ? api_text_to_bytes(text, *bytes, &line) : 0;
	free(text);
	if (*size)
		return true;
	snprintf(error, sizeof(error), "%s:%u: expected a call of fuzz/api.def, at most %d of them",
		 name, line, API_MOST);
	complain(walk, line ? error : "expected memory, got none");
	free(*bytes);
	return false;
}

/* For a target that reads bytes, text is encoded first. */
static bool load(struct walk *walk, const char *name, uint8_t **bytes, size_t *size)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR];
	char *content = program_file_read(name, size, error);

	*bytes = (uint8_t *)content;
	if (!content) {
		complain(walk, error);
		return false;
	}
	if (fuzz_reads == FUZZ_CALLS && api_is_text(content, *size))
		return load_calls(walk, name, bytes, size);
	if (fuzz_reads == FUZZ_TEXT || !program_is_text(name, content, *size))
		return true;
	free(content);
	*bytes = malloc(PROGRAM_BYTES_MAX);
	if (!*bytes || !program_file_load(name, &program, error)) {
		complain(walk, *bytes ? error : "expected memory, got none");
		free(*bytes);
		return false;
	}
	*size = program_to_bytes(&program, *bytes);
	return true;
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

bool input_each(const char *path, input_fn fn, void *ctx)
{
	struct walk walk = { .fn = fn, .ctx = ctx };

	walk.failed |= !walk_files(path, walk_file, &walk);
	if (!walk.given) {
		fprintf(stderr, "%s: expected at least one input\n", path);
		return false;
	}
	return !walk.failed;
}
