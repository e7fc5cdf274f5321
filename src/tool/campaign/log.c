/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool drawn; /* the cursor is at the end of a line that is to be replaced */

static void erase(void)
{
	if (drawn)
		printf("\r\033[K");
	drawn = false;
}

void log_message(const char *format, ...)
{
	va_list args;

	erase();
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static size_t columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

/* Shorter than the terminal is wide, or it would not be one line. */
void log_status(const char *line)
{
	erase();
	printf("%.*s", (int)columns() - 1, line);
	fflush(stdout);
	drawn = true;
}
