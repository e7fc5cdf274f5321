/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A directory of inputs that only grows. What is added is written beside the directory and then
 * renamed into it under the SHA-1 of its content: a file that is there is whole, whoever
 * was killed. Nothing in it is ever changed or removed; what is no input is left alone.
 */
#ifndef TOOL_STORE_H
#define TOOL_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/util/sha1.h"
#include "tool/util/name_set.h"

/* The engines take no larger ones by themselves. */
#define STORE_INPUT_MAX ((size_t)1 << 20)

struct store {
	char path[PATH_MAX];
	char beside[PATH_MAX]; /* where a file is written before it has its name */
	bool durable;          /* on the disk, not only with the kernel, before it has its name */
	struct name_set known; /* hashes */
	int trouble;           /* what went wrong last (errno), or 0 */
};

struct store_input {
	const uint8_t *bytes; /* until the next one is read */
	size_t size;
	char hash[SHA1_TEXT];
};

/* Reads a regular, readable file of 1 .. STORE_INPUT_MAX bytes. Return: NULL, or why it is none. */
const char *store_read(const char *path, struct store_input *input);

struct store_visitor {
	void (*input)(void *ctx, const struct store_input *input);
	void (*junk)(void *ctx, const char *path, const char *why);
	void *ctx;
};

/*
 * Makes the directory @name in @parent if it is not there, and visits what is in it.
 * Return: 0, or what is wrong with the directory (errno).
 */
int store_open(struct store *store, const char *parent, const char *name,
	       const struct store_visitor *visitor);

bool store_has(const struct store *store, const char *hash);

/* Keeps it as PREFIX and its hash. Return: 0, EEXIST if it is known, or what went wrong. */
int store_add(struct store *store, const char *prefix, const struct store_input *input);

/* Writes @path as it is: it may be there in part. Return: 0 or errno. */
int store_write_into(const char *path, const void *bytes, size_t size, bool durable);

/* Writes @path by way of @beside, so that it is there whole or not at all. Return: 0 or errno. */
int store_write(const char *beside, const char *path, const void *bytes, size_t size, bool durable);

#endif
