/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

/* A file with more bytes is an error: no program needs so many bytes. */
#define PROGRAM_FILE_MAX ((size_t)1 << 30)

/* The size of an error message "FILE:LINE: expected ..." or "FILE: what is wrong", without a line end. */
#define PROGRAM_FILE_ERROR (PATH_MAX + 512)

/*
 * Reads a whole file, or standard input for `-`, into memory that the caller frees.
 * Return: the content, or NULL with an error message in @error.
 */
char *program_file_read_or_stdin(const char *name, size_t *size, char error[PROGRAM_FILE_ERROR]);

/*
 * Parses @content: as bytes if program_name_is_bytes(@name), otherwise as text.
 * Return: true, or false with an error message in @error, which begins with @name.
 */
bool program_file_parse(const char *name, const char *content, size_t size, struct program *program,
			char error[PROGRAM_FILE_ERROR]);

/* Reads and parses a program file, text or bytes. Return: true, or false with an error message in @error. */
bool program_file_read_and_parse(const char *name, struct program *program, char error[PROGRAM_FILE_ERROR]);
