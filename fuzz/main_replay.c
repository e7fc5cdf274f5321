/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Replays inputs through a fuzz target without an engine, in any compiler's build.
 *
 * Folders are walked in sorted order. The name of an input is printed before it runs,
 * so the last line of a crash is the culprit. Replaying nothing is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "harness/program_bytes.h"
#include "harness/program_file.h"
#include "harness/program_text.h"

static size_t replayed;
static bool failed;

static void complain(const char *error)
{
	fprintf(stderr, "%s\n", error);
	failed = true;
}

/* For a target that reads bytes programs in text are encoded first. */
static bool load(const char *name, uint8_t **bytes, size_t *size)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR];
	char *content = program_file_read(name, size, error);

	*bytes = (uint8_t *)content;
	if (!content) {
		complain(error);
		return false;
	}
	if (fuzz_reads_text || !program_is_text(name, content, *size))
		return true;
	free(content);
	*bytes = malloc(PROGRAM_BYTES_MAX);
	if (!*bytes || !program_file_load(name, &program, error)) {
		complain(*bytes ? error : "expected memory, got none");
		free(*bytes);
		return false;
	}
	*size = program_to_bytes(&program, *bytes);
	return true;
}

static void replay_file(const char *name)
{
	uint8_t *bytes, *exact;
	size_t size;

	if (!load(name, &bytes, &size))
		return;
	printf("%s\n", name);
	fflush(stdout);
	/* A copy of the exact size, so that reading beyond the input is seen. */
	exact = malloc(size ? size : 1);
	if (exact && size)
		memcpy(exact, bytes, size);
	if (exact) {
		LLVMFuzzerTestOneInput(exact, size);
		replayed++;
	}
	free(exact);
	free(bytes);
}

static void replay_path(const char *path);

static void replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0) {
		fprintf(stderr, "%s: expected a readable folder: %s\n", path, strerror(errno));
		failed = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		char name[4096];

		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			replay_path(name);
		}
		free(entries[i]);
	}
	free(entries);
}

static void replay_path(const char *path)
{
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		replay_folder(path);
	else
		replay_file(path);
}

int main(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fprintf(argc < 2 ? stderr : stdout,
			"Usage: %s FILE|FOLDER...\n"
			"Replay programs, text (.page) or bytes, through the fuzz target.\n"
			"Exit status: 0 all ran; 1 one could not be read, or there were none.\n",
			argv[0]);
		return argc < 2 ? 2 : 0;
	}
	for (int i = 1; i < argc; i++) {
		size_t before = replayed;

		replay_path(argv[i]);
		if (replayed == before) {
			fprintf(stderr, "%s: expected at least one input\n", argv[i]);
			failed = true;
		}
	}
	printf("%zu inputs replayed\n", replayed);
	return failed;
}
