/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress/core.h"

void message_vappend(struct message *message, const char *format, va_list args)
{
	size_t left = sizeof(message->text) - message->length;
	int added = vsnprintf(message->text + message->length, left, format, args);

	if (added > 0)
		message->length += (size_t)added < left ? (size_t)added : left - 1;
}

void message_append(struct message *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message_vappend(message, format, args);
	va_end(args);
}

void message_print(const struct message *message)
{
	size_t written = 0;

	while (written < message->length) {
		ssize_t n =
			write(STDOUT_FILENO, message->text + written, message->length - written);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		written += n > 0 ? (size_t)n : 0;
	}
}
