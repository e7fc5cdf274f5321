/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_PROGRAM_FILE_H
#define HARNESS_PROGRAM_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

/* No program file is larger than this by far; a larger one is an error. */
#define PROGRAM_FILE_MAX ((size_t)1 << 30)

/* "FILE:LINE: what was expected", or "FILE: what is wrong": one line without its end. */
#define PROGRAM_FILE_ERROR (PATH_MAX + 512)

/*
 * Reads a whole file, `-` for standard input, into memory that the caller frees.
 * Return: NULL with @error filled.
 */
char *program_file_read(const char *name, size_t *size, char error[PROGRAM_FILE_ERROR]);

/* The program in @content, text or bytes as @name says (program_name.h); the error names it. */
bool program_file_parse(const char *name, const char *content, size_t size,
			struct program *program, char error[PROGRAM_FILE_ERROR]);

/* Reads a program, text or bytes. Return: false with @error filled. */
bool program_file_load(const char *name, struct program *program,
		       char error[PROGRAM_FILE_ERROR]);

#endif
