/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Programs as text, for people and for the corpus (format 1). */
#ifndef HARNESS_PROGRAM_TEXT_H
#define HARNESS_PROGRAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

#define TEXT_LINE_MAX 256

/* Bytes that the longest canonical call or program needs, with its end. */
#define TEXT_CALL_MAX 160
#define TEXT_PROGRAM_MAX (PROGRAM_LINES * TEXT_CALL_MAX)

/* The first thing that is wrong with a text: where, and what was expected. */
struct text_error {
	unsigned int line;
	bool no_header; /* nothing says that the file is a program */
	char what[320];
};

/* Return: true, or false with @error filled. */
bool program_from_text(struct program *program, const char *text, size_t size,
		       struct text_error *error);

/* One call, canonical, with its claim; no line end. */
void call_to_text(const struct call *call, char text[TEXT_CALL_MAX]);

/* The whole program, canonical. Return: its length without the end. */
size_t program_to_text(const struct program *program, char text[TEXT_PROGRAM_MAX]);

/*
 * The same text in canonical form: comment lines keep their place, blank lines and
 * trailing comments go. @out needs TEXT_REWRITE_MAX bytes.
 * Return: its length, or 0 with @error filled.
 */
#define TEXT_REWRITE_MAX (TEXT_PROGRAM_MAX + PROGRAM_LINES * (TEXT_LINE_MAX + 1))
size_t program_rewrite_text(const char *text, size_t size, char *out, struct text_error *error);

#endif
