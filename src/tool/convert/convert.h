/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Converts programs between text and bytes, for files and directories. */
#ifndef TOOL_CONVERT_H
#define TOOL_CONVERT_H

#include <stdbool.h>

enum notation { NOTATION_OTHER, NOTATION_SAME, NOTATION_TEXT, NOTATION_BYTES };

struct convert_options {
	enum notation target_notation;
	bool is_strict;	  /* a program is refused if the other notation cannot hold all of it */
	bool may_replace; /* existing files with other content */
	bool is_in_place;
	const char *output_path; /* NULL: standard output, if not in place */
};

/* Return: an exit status, after a line on standard error for each file that is not converted. */
int convert_programs(const struct convert_options *options, int count, char **paths);

#endif
