/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * All output goes out whole: it is put together in memory and leaves by one write(2),
 * so threads that fail together do not mix. A lock would do the same, but would order
 * the threads, and then ThreadSanitizer sees less.
 */
#ifndef STRESS_MESSAGE_H
#define STRESS_MESSAGE_H

#include <stdarg.h>
#include <stddef.h>

struct message {
	char s[16384]; /* what is too much is cut */
	size_t used;
};

void message_append(struct message *message, const char *format, ...) __attribute__((format(printf, 2, 3)));
void message_vappend(struct message *message, const char *format, va_list args);
void message_write(const struct message *message, int fd);

#endif
