/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Decides which files are programs. All commands and replayers use these rules:
 *
 * 1. NAME.page is text.
 * 2. NAME.bin and the names that fuzzing engines give (crash-*, id:*, 40 hex digits, ...) are byte strings.
 * 3. A file with another name is text if the user names the file, and must begin with the header. Files with
 *    other names in a directory that the user names are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/util/walk.h"

/* The file names of byte strings, for messages and --help. */
#define PROGRAM_BYTE_NAMES "*.bin, crash-*, leak-*, timeout-*, oom-*, slow-unit-*, id:*, 40 hex digits"

/* If true, all files are byte strings, whatever their names. Command-line options set this variable. */
extern bool program_all_bytes;

bool program_name_is_text(const char *name);

/* Return: whether the file @name is a byte string; otherwise it is text. */
bool program_name_is_bytes(const char *name);

/* Return: whether the name is that of a text or a byte string (rules 1 and 2). */
bool program_name_is_known(const char *name);

/*
 * Calls @fn for the file @path, or for each program below the directory @path, as walk_files() does.
 * @ignored_count: incremented for each file below the directory that is not a program
 */
bool program_visit_file_or_directory(const char *path, walk_fn fn, void *ctx, size_t *ignored_count);
