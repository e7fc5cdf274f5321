/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool make(char *path, size_t size, const char *format, va_list args)
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
	bool good;

	va_start(args, format);
	good = make(path, size, format, args);
	va_end(args);
	return good;
}

void path_format_or_exit(char *path, size_t size, const char *format, ...)
{
	va_list args;
	char begin[80];
	bool good;

	va_start(args, format);
	good = make(path, size, format, args);
	va_end(args);
	if (good)
		return;
	va_start(args, format);
	vsnprintf(begin, sizeof(begin), format, args);
	va_end(args);
	fprintf(stderr, "pagetorture: %s...: path too long; expected at most %zu bytes\n", begin,
		size - 1);
	exit(2);
}
