/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void text_vadd(struct text *text, const char *format, va_list args)
{
	size_t room = sizeof(text->s) - text->used;
	int len = vsnprintf(text->s + text->used, room, format, args);

	if (len > 0)
		text->used += (size_t)len < room ? (size_t)len : room - 1;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(text, format, args);
	va_end(args);
}

void text_put(const struct text *text, int fd)
{
	size_t done = 0;

	while (done < text->used) {
		ssize_t n = write(fd, text->s + done, text->used - done);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		done += n > 0 ? (size_t)n : 0;
	}
}
