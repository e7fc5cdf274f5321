/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Converts programs between text and bytes, for files and directories. */
#pragma once

#include <stdbool.h>

/* What `convert` writes: the notation that the input does not have, that of the input, text, or bytes. */
enum target_notation { NOTATION_OTHER, NOTATION_SAME, NOTATION_TEXT, NOTATION_BYTES };

struct convert_options {
	enum target_notation target_notation;
	bool is_strict;          /* a program is refused if the target notation cannot hold all of it */
	bool may_replace;        /* output files that exist and have other content */
	bool is_in_place;        /* each file is replaced by its canonical form */
	const char *output_path; /* NULL: standard output, if not in place */
};

/*
 * Converts the programs of all @paths, files and directories; prints a line for each that is not converted.
 * Return: an exit status.
 */
int convert_programs(const struct convert_options *options, int count, char **paths);
