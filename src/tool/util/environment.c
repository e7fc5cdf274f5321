/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *list, const char *options)
{
	size_t len = strlen(list), tail = strlen(options);

	return len >= tail && !strcmp(list + len - tail, options) &&
	       (len == tail || list[len - tail - 1] == ':');
}

bool environment_append_options(const char *variable, const char *options)
{
	const char *before = getenv(variable);
	char *list;
	bool good;

	if (!before || !*before)
		return !setenv(variable, options, 1);
	if (ends_with(before, options))
		return true;
	if (asprintf(&list, "%s:%s", before, options) < 0)
		return false;
	good = !setenv(variable, list, 1);
	free(list);
	return good;
}
