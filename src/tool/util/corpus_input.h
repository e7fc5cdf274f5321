/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* An input in a corpus directory or among findings. */
#ifndef TOOL_CORPUS_INPUT_H
#define TOOL_CORPUS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/sha1.h"

/* Engines skip larger inputs. */
#define CORPUS_INPUT_MAX ((size_t)1 << 20)

struct corpus_input {
	const uint8_t *bytes; /* until the next one is read */
	size_t size;
	char hash[SHA1_TEXT];
};

/* Reads a regular, readable file of 1 .. CORPUS_INPUT_MAX bytes. Return: NULL, or what is wrong. */
const char *corpus_input_read(const char *path, struct corpus_input *input);

#endif
