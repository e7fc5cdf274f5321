/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_PROGRAM_FILE_H
#define HARNESS_PROGRAM_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

/* A larger file is an error. No program file comes near this size. */
#define PROGRAM_FILE_MAX ((size_t)1 << 30)

/* "FILE:LINE: expected ...", or "FILE: what is wrong", without a line end. */
#define PROGRAM_FILE_ERROR (PATH_MAX + 512)

/*
 * Reads a whole file, or standard input for `-`, into memory that the caller frees.
 * Return: NULL with @error filled.
 */
char *program_file_read(const char *name, size_t *size, char error[PROGRAM_FILE_ERROR]);

/*
 * Parses @content, as text or bytes depending on @name (program_name.h). Errors contain the
 * name.
 */
bool program_file_parse(const char *name, const char *content, size_t size,
			struct program *program, char error[PROGRAM_FILE_ERROR]);

/* Reads a program from a file, text or bytes. Return: false with @error filled. */
bool program_file_load(const char *name, struct program *program,
		       char error[PROGRAM_FILE_ERROR]);

#endif
