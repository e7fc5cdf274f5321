/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A message is built in memory and written by one write(2), so that messages of threads that fail
 * at the same time do not mix. A lock would order the threads, and hide races from ThreadSanitizer.
 */
#ifndef STRESS_MESSAGE_H
#define STRESS_MESSAGE_H

#include <stdarg.h>
#include <stddef.h>

struct message {
	char text[16384]; /* a string; what is longer is cut */
	size_t length;
};

void message_append(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void message_vappend(struct message *message, const char *format, va_list args);

/* Writes the message to standard output. */
void message_print(const struct message *message);

#endif
