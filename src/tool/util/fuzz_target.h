/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The fuzz targets (fuzz/targets.def), and the search for the target of a finding. */
#pragma once

#include <stddef.h>

/* What the inputs of a fuzz target are: page programs as bytes, any text, or lines of calls. */
enum target_input_kind { READS_BYTES, READS_TEXT, READS_CALLS };

struct fuzz_target {
	const char *name;
	const char *flavour; /* the flavour that replays the findings of the target */
	enum target_input_kind input_kind;
};

/* Return: the target with the index @target_index in fuzz/targets.def; NULL after the last target. */
const struct fuzz_target *fuzz_target_get(size_t target_index);

/* The names of all targets, "a, b, c". */
extern const char *const fuzz_target_names;

/* Return: the target with the name @name; NULL if there is none. */
const struct fuzz_target *fuzz_target_find(const char *name);

/*
 * Return: the target TARGET if the file @path is in a directory TARGET/findings, TARGET/libfuzzer or
 * TARGET/afl of a campaign. NULL: the file is in no directory of a campaign.
 */
const struct fuzz_target *fuzz_target_find_by_path(const char *path);
