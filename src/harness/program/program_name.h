/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which files are programs; all commands and replayers use these rules:
 *
 * 1. NAME.page is text.
 * 2. NAME.bin and the names that fuzzing engines give (crash-*, id:*, 40 hex digits, ...) are byte
 *    strings.
 * 3. A file with another name is text if the user names it, and must begin with the header. In a
 *    directory it is ignored.
 */
#ifndef HARNESS_PROGRAM_NAME_H
#define HARNESS_PROGRAM_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/util/walk.h"

/* Names of byte strings, for messages and --help of the options that set program_all_bytes. */
#define PROGRAM_BYTE_NAMES \
	"*.bin, crash-*, leak-*, timeout-*, oom-*, slow-unit-*, id:*, 40 hex digits"

/* All files are byte strings, whatever their names. Set by an option. */
extern bool program_all_bytes;

bool program_name_is_text(const char *name);

/* Return: whether the file @name is a byte string; otherwise it is text. */
bool program_name_is_bytes(const char *name);

/* Return: whether the file @name counts as a program in a directory. */
bool program_name_is_known(const char *name);

/*
 * Calls @fn for the file @path, or for each program below the directory @path (walk_files()).
 * @ignored_count: incremented for each file in the directory that is not a program
 */
bool program_walk(const char *path, walk_fn fn, void *ctx, size_t *ignored_count);

#endif
