/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Reads inputs of a fuzz target from files and directories, without an engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
	const char *file_name;
	const uint8_t *bytes; /* in the target's format; the memory has exactly @size bytes */
	size_t size;          /* of @bytes */
};

typedef void (*input_fn)(const struct input *input, void *ctx);

/*
 * Calls @fn for the file @path, or for each input below the directory @path, in sorted order. Inputs are the
 * files with the names of programs (program_name.h), and for fuzz_api also *.calls. A file that cannot be
 * read or that is no input is an error, and so is a path without any input. Return: whether all inputs were
 * read, and at least one input exists.
 */
bool input_for_each(const char *path, input_fn fn, void *ctx);
