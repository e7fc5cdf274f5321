/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REFRESH 200   /* ms, on a terminal */
#define REPEAT	10000 /* ms, elsewhere */

static bool drawn;
static long said; /* ms; 0: nothing yet */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

void status_erase(void)
{
	if (drawn)
		fprintf(stderr, "\r\033[K");
	drawn = false;
}

void status_print(const char *format, ...)
{
	bool terminal = isatty(STDERR_FILENO);
	long now = now_ms();
	char line[512];
	va_list args;

	/* Work that is done at once needs no line. */
	if (!said)
		said = terminal ? 0 : now;
	if (now - said < (terminal ? REFRESH : REPEAT))
		return;
	said = now;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	status_erase();
	fprintf(stderr, "%.*s%s", terminal ? columns() - 1 : (int)sizeof(line), line,
		terminal ? "" : "\n");
	fflush(stderr);
	drawn = terminal;
}
