/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a long work is at, on standard error: one line that is refreshed on a terminal, else
 * a plain line now and then.
 */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

void status_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Before anything else is printed: takes the line away. */
void status_erase(void);

#endif
