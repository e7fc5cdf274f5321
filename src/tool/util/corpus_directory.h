/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A corpus directory: inputs under the SHA-1 of their content. An input is written to a temporary file
 * in the parent directory and then renamed, so a file with its name is whole, whatever process
 * was killed. No file in it is ever changed or removed; files that are no inputs are left alone.
 */
#ifndef TOOL_CORPUS_DIRECTORY_H
#define TOOL_CORPUS_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/sha1.h"
#include "tool/util/name_set.h"

/* Engines skip larger inputs. */
#define CORPUS_INPUT_MAX ((size_t)1 << 20)

struct corpus_directory {
	char path[PATH_MAX];
	char temporary[PATH_MAX]; /* the temporary file */
	bool durable;          /* a file is synced to the disk before it gets its name */
	struct name_set known; /* hashes */
	int trouble;           /* the error of the last write (errno), or 0 */
};

struct corpus_input {
	const uint8_t *bytes; /* until the next one is read */
	size_t size;
	char hash[SHA1_TEXT];
};

/* Reads a regular, readable file of 1 .. CORPUS_INPUT_MAX bytes. Return: NULL, or what is wrong. */
const char *corpus_input_read(const char *path, struct corpus_input *input);

struct corpus_visitor {
	void (*input)(void *ctx, const struct corpus_input *input);
	void (*junk)(void *ctx, const char *path, const char *why);
	void *ctx;
};

/*
 * Makes the directory @name in @parent if it is not there, and visits what is in it.
 * Return: 0, or what is wrong with the directory (errno).
 */
int corpus_directory_open(struct corpus_directory *dir, const char *parent, const char *name,
	       const struct corpus_visitor *visitor);

bool corpus_directory_has(const struct corpus_directory *dir, const char *hash);

/* Writes the input as PREFIX and its hash. Return: 0, EEXIST if it is there, or an error (errno). */
int corpus_directory_add(struct corpus_directory *dir, const char *prefix, const struct corpus_input *input);

#endif
