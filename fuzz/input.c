/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "harness/program_bytes.h"
#include "harness/program_file.h"
#include "harness/program_text.h"

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

/* For a target that reads bytes programs in text are encoded first. */
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
	if (fuzz_reads_text || !program_is_text(name, content, *size))
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

static void walk_file(struct walk *walk, const char *name)
{
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
	}
	free(exact);
	free(bytes);
}

static void walk_path(struct walk *walk, const char *path);

static void walk_folder(struct walk *walk, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0) {
		fprintf(stderr, "%s: expected a readable folder: %s\n", path, strerror(errno));
		walk->failed = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		char name[4096];

		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			walk_path(walk, name);
		}
		free(entries[i]);
	}
	free(entries);
}

static void walk_path(struct walk *walk, const char *path)
{
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		walk_folder(walk, path);
	else
		walk_file(walk, path);
}

bool input_each(const char *path, input_fn fn, void *ctx)
{
	struct walk walk = { .fn = fn, .ctx = ctx };

	walk_path(&walk, path);
	if (!walk.given) {
		fprintf(stderr, "%s: expected at least one input\n", path);
		return false;
	}
	return !walk.failed;
}
