/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which files are programs: one rule for all commands and all replayers.
 *
 *   1. NAME.page is text.
 *   2. NAME.bin and the names that fuzzing engines give (crash-*, id:*, 40 hex digits, ...)
 *      are byte strings.
 *   3. A file with another name is text if a user names it, and then needs the header.
 *      In a directory it is ignored.
 */
#ifndef HARNESS_PROGRAM_NAME_H
#define HARNESS_PROGRAM_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/util/walk.h"

/* How the options that set program_all_bytes are explained in a message or in --help. */
#define PROGRAM_BYTE_NAMES \
	"*.bin, crash-*, leak-*, timeout-*, oom-*, slow-unit-*, id:*, 40 hex digits"

/* True: all files are byte strings, whatever their names are. An option sets it. */
extern bool program_all_bytes;

bool program_name_is_text(const char *name);

/* Is the file @name a byte string? If not, it is text. */
bool program_name_is_bytes(const char *name);

/* Is the file @name a program when a directory stands for its files? */
bool program_name_is_known(const char *name);

/*
 * Calls @fn for the file @path, or for each program below the directory @path (walk_files()).
 * @ignored: the number of files in it that are no programs is added
 */
bool program_walk(const char *path, walk_fn fn, void *ctx, size_t *ignored);

#endif
