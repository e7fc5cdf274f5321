/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes an output file completely or not at all: to a temporary file, which is then renamed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes a file that the user named. If @path is a symbolic link, replaces the target of the link. Writes
 * directly to a pipe or a device. Return: 0 or errno.
 */
int output_write_or_errno(const char *path, const void *bytes, size_t size);

/* Return: whether @path is a regular file, whose content output_write_or_errno() would replace. */
bool output_would_replace_file(const char *path);
