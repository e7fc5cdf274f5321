/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints the progress of a long command on standard error. On a terminal, this is one status line, which is
 * replaced again and again. Otherwise, this is a new line every ten seconds.
 */
#pragma once

/* Prints the status, unless it was printed less than 0.2 s (terminal) or 10 s (no terminal) ago. */
void status_print_at_interval(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Erases the status line on a terminal. Each command calls status_erase() before it prints other output. */
void status_erase(void);
