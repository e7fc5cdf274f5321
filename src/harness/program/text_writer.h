/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Appends text to a buffer; defines the names that the reader and the writer of program texts share. */
#pragma once

#include <stddef.h>

#include "harness/program/program.h"

/* The first word of every program. */
#define TEXT_HEADER "pagetorture"

/* Names of the gfp flags of alloc_page, in the order of their bits; a text has the same order. */
extern const char *const text_gfp_contexts[4];
extern const char *const text_gfp_modifiers[3];

/* How many handles and how many numbers of a call were read or written so far. */
struct argument_progress {
	unsigned int handles, numbers;
};

struct text_writer {
	char *text;
	size_t used, size; /* the length of the text so far; the size of the buffer */
};

/* Appends text in printf style. The buffer must be large enough. */
void text_append(struct text_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends @line unchanged, and a line end. */
void text_append_line(struct text_writer *writer, const char *line, size_t len);

/* Appends the line `schedule start=NAME`. */
void text_append_start_line(struct text_writer *writer, struct start_state start);

/* Appends a call in canonical form, with its expected result. */
void text_append_call(struct text_writer *writer, const struct call *call);
