/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/util/clock.h"

#define REFRESH_INTERVAL_MS 200   /* on a terminal */
#define LINE_INTERVAL_MS    10000 /* elsewhere */

static bool is_line_drawn;
static int64_t last_print_ms; /* time of the last print; 0: nothing was printed yet */

static int find_terminal_width_or_default(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

void status_erase(void)
{
	if (is_line_drawn)
		fprintf(stderr, "\r\033[K");
	is_line_drawn = false;
}

void status_print_at_interval(const char *format, ...)
{
	bool terminal = isatty(STDERR_FILENO);
	int64_t now = clock_read_ms();
	char status_text[512];
	va_list args;

	/* Without a terminal, a command that ends before the first interval is over prints no status line. */
	if (!last_print_ms)
		last_print_ms = terminal ? 0 : now;
	if (now - last_print_ms < (terminal ? REFRESH_INTERVAL_MS : LINE_INTERVAL_MS))
		return;
	last_print_ms = now;
	va_start(args, format);
	vsnprintf(status_text, sizeof(status_text), format, args);
	va_end(args);
	status_erase();
	fprintf(stderr, "%.*s%s", terminal ? find_terminal_width_or_default() - 1 : (int)sizeof(status_text),
		status_text, terminal ? "" : "\n");
	fflush(stderr);
	is_line_drawn = terminal;
}
