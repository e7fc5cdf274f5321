/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void page_bug(const char *rule, const char *message_format, ...)
{
	char line[512];
	va_list args;
	int used = snprintf(line, sizeof(line), "BUG: page: %s: ", rule);

	va_start(args, message_format);
	used += vsnprintf(line + used, sizeof(line) - (size_t)used - 1, message_format, args);
	va_end(args);
	if (used > (int)sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	if (page_bug_hook)
		page_bug_hook(line, (size_t)used);
	/* The process aborts in both cases: a report that cannot be written has no other effect. */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		abort();
	abort();
}
