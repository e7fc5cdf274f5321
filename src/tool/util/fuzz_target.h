/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The fuzz targets (fuzz/targets.def), and which of them a finding is of. */
#ifndef TOOL_FUZZ_TARGET_H
#define TOOL_FUZZ_TARGET_H

#include <stddef.h>

/* What a target's inputs are: page programs, or calls by themselves. */
enum target_reads { READS_BYTES, READS_TEXT, READS_CALLS };

struct fuzz_target {
	const char *name;
	const char *flavour; /* that its findings need */
	enum target_reads reads;
};

/* The table, sorted; @number counts from 0. Return: NULL after the last one. */
const struct fuzz_target *fuzz_target_get(size_t number);

/* All names, "a, b, c". */
extern const char *const fuzz_target_names;

/* Return: NULL if the table has no such name. */
const struct fuzz_target *fuzz_target_find(const char *name);

/*
 * The target whose campaign found the file @path, by the directories that it is in:
 * TARGET/findings, TARGET/libfuzzer or TARGET/afl. Return: NULL if it is in none of these.
 */
const struct fuzz_target *fuzz_target_find_by_path(const char *path);

#endif
