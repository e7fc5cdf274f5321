/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool path_format(char *path, size_t size, const char *format, ...)
{
	va_list args;
	int formatted_length;

	va_start(args, format);
	formatted_length = vsnprintf(path, size, format, args);
	va_end(args);
	if (formatted_length >= 0 && (size_t)formatted_length < size)
		return true;
	path[0] = '\0';
	errno = ENAMETOOLONG;
	return false;
}

void path_format_or_exit(char *path, size_t size, const char *format, ...)
{
	va_list args;
	int formatted_length;

	va_start(args, format);
	formatted_length = vsnprintf(path, size, format, args);
	va_end(args);
	if (formatted_length >= 0 && (size_t)formatted_length < size)
		return;
	fprintf(stderr, "pagetorture: %.79s...: path too long; expected at most %zu bytes\n",
		formatted_length < 0 ? "" : path, size - 1);
	exit(2);
}
