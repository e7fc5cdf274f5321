/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * All output goes out whole: it is put together in memory and leaves by one write(2),
 * so threads that fail together do not mix. A lock would do the same, but would order
 * the threads, and then ThreadSanitizer sees less.
 */
#ifndef STRESS_TEXT_H
#define STRESS_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
	char s[16384]; /* what is too much is cut */
	size_t used;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vadd(struct text *text, const char *format, va_list args);
void text_put(const struct text *text, int fd);

#endif
