/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Converts programs between text and bytes, for files and directories. */
#pragma once

#include <stdbool.h>

/* The notation that `convert` writes. OTHER: text for bytes, and bytes for text. SAME: the input's own. */
enum target_notation { NOTATION_OTHER, NOTATION_SAME, NOTATION_TEXT, NOTATION_BYTES };

struct convert_options {
	enum target_notation target_notation;
	bool is_strict;          /* refuse a program if the target notation cannot hold all its parts */
	bool may_replace;        /* replace existing output files that have other content */
	bool is_in_place;        /* replace each input file by its canonical form */
	const char *output_path; /* NULL: standard output, unless is_in_place */
};

/*
 * Converts the programs of all @paths, files and directories. Prints a line for each program that is not
 * converted. Return: an exit status.
 */
int convert_programs(const struct convert_options *options, int count, char **paths);
