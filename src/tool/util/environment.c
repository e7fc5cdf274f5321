/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool list_ends_with(const char *list, const char *options)
{
	size_t len = strlen(list), tail = strlen(options);

	return len >= tail && !strcmp(list + len - tail, options) &&
	       (len == tail || list[len - tail - 1] == ':');
}

bool environment_append_options_once(const char *variable, const char *options)
{
	const char *before = getenv(variable);
	char *new_value;
	bool is_set;

	if (!before || !*before)
		return !setenv(variable, options, 1);
	if (list_ends_with(before, options))
		return true;
	if (asprintf(&new_value, "%s:%s", before, options) < 0)
		return false;
	is_set = !setenv(variable, new_value, 1);
	free(new_value);
	return is_set;
}
