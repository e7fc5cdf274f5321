/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void message_vappend(struct message *message, const char *format, va_list args)
{
	size_t room = sizeof(message->s) - message->used;
	int len = vsnprintf(message->s + message->used, room, format, args);

	if (len > 0)
		message->used += (size_t)len < room ? (size_t)len : room - 1;
}

void message_append(struct message *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message_vappend(message, format, args);
	va_end(args);
}

void message_write(const struct message *message, int fd)
{
	size_t done = 0;

	while (done < message->used) {
		ssize_t n = write(fd, message->s + done, message->used - done);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		done += n > 0 ? (size_t)n : 0;
	}
}
