/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Builds paths from parts. A path that does not fit is an error; it is never truncated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes a path as snprintf() does.
 * Return: false, with errno ENAMETOOLONG and an empty @path, if it does not fit.
 */
bool path_format(char *path, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like path_format(), but prints an error and exits with status 2 if the path does not fit. */
void path_format_or_exit(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
