/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool format_path(char *path, size_t size, const char *format, va_list args)
{
	int len = vsnprintf(path, size, format, args);

	if (len >= 0 && (size_t)len < size)
		return true;
	path[0] = '\0';
	errno = ENAMETOOLONG;
	return false;
}

bool path_format(char *path, size_t size, const char *format, ...)
{
	va_list args;
	bool fits;

	va_start(args, format);
	fits = format_path(path, size, format, args);
	va_end(args);
	return fits;
}

void path_format_or_exit(char *path, size_t size, const char *format, ...)
{
	va_list args;
	char path_start[80];
	bool fits;

	va_start(args, format);
	fits = format_path(path, size, format, args);
	va_end(args);
	if (fits)
		return;
	va_start(args, format);
	vsnprintf(path_start, sizeof(path_start), format, args);
	va_end(args);
	fprintf(stderr, "pagetorture: %s...: path too long; expected at most %zu bytes\n",
		path_start, size - 1);
	exit(2);
}
