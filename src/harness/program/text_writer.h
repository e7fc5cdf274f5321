/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Internal to reading and writing a program's text. */
#ifndef HARNESS_TEXT_WRITER_H
#define HARNESS_TEXT_WRITER_H

#include <stddef.h>

#include "harness/program/program.h"

/* The first word of every program. */
#define TEXT_HEADER "pagetorture"

/* Names of flags, in the order of their bits and of canonical text. */
extern const char *const text_gfp_contexts[4];
extern const char *const text_gfp_modifiers[3];

/* The numbers of handles and numbers of a call that were already read or written. */
struct argument_counts {
	unsigned int handles, numbers;
};

struct text_writer {
	char *text;
	size_t used, size;
};

/* Appends text in printf style. The buffer must be large enough. */
void text_append(struct text_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a line unchanged. */
void text_append_line(struct text_writer *writer, const char *line, size_t len);

/* Appends a call in canonical form, with its expected result. */
void text_append_call(struct text_writer *writer, const struct call *call);

#endif
