/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Paths that are made of parts. One that does not fit is an error, and is never cut. */
#ifndef HARNESS_PATH_H
#define HARNESS_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes a path as snprintf() does.
 * Return: false, with errno ENAMETOOLONG and an empty @path, if it does not fit.
 */
bool path_format(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same; one that does not fit is told, and ends this process with status 2. */
void path_format_or_exit(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
