/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

/* A larger file is an error: no program needs this size. */
#define PROGRAM_FILE_MAX ((size_t)1 << 30)

/* The size of a message "FILE:LINE: expected ..." or "FILE: what is wrong"; it has no line end. */
#define PROGRAM_FILE_ERROR (PATH_MAX + 512)

/*
 * Reads a whole file, or standard input for `-`, into memory that the caller frees.
 * Return: NULL with @error filled if the file cannot be read.
 */
char *program_file_read_or_stdin(const char *name, size_t *size, char error[PROGRAM_FILE_ERROR]);

/*
 * Parses @content: as bytes if program_name_is_bytes(@name), otherwise as text.
 * Return: false with @error filled; the message begins with @name.
 */
bool program_file_parse(const char *name, const char *content, size_t size, struct program *program,
			char error[PROGRAM_FILE_ERROR]);

/* Reads and parses a program file, text or bytes. Return: false with @error filled. */
bool program_file_read_and_parse(const char *name, struct program *program, char error[PROGRAM_FILE_ERROR]);
