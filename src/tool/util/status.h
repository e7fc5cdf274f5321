/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints the progress of a long command on standard error: on a terminal one line that is replaced,
 * otherwise a line every ten seconds.
 */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

void status_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Erases the status line. Call it before other output. */
void status_erase(void);

#endif
