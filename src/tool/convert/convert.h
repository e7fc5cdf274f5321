/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Programs from one notation to the other, by file or by directory. */
#ifndef TOOL_CONVERT_H
#define TOOL_CONVERT_H

#include <stdbool.h>

#include "tool/convert/recode.h"
#include "tool/util/file_list.h"
#include "tool/util/name_set.h"

struct convert_order {
	enum recode_to to;
	bool strict, force;
	bool in_place;	 /* each file is rewritten */
	const char *out; /* NULL: standard output, if not in place */
	/* On its way. */
	bool out_is_directory;
	struct name_set written; /* paths */
	struct file_tally tally;
};

/* Return: an exit status, after a line on standard error for what is not converted. */
int convert(struct convert_order *order, int count, char **paths);

#endif
