/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Programs as text, for people and for the corpus (format 1). */
#ifndef HARNESS_PROGRAM_TEXT_H
#define HARNESS_PROGRAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

#define TEXT_LINE_MAX 256

/* Sizes of the longest canonical call and program, with the NUL. */
#define TEXT_CALL_MAX 160
#define TEXT_PROGRAM_MAX (PROGRAM_LINES * TEXT_CALL_MAX)

/* The first error in a text: its line, and what was expected. */
struct text_error {
	unsigned int line_number;
	bool no_header; /* the file does not begin with the header of a program */
	char message[320];
};

/* Return: true, or false with @error filled. */
bool program_from_text(struct program *program, const char *text, size_t size,
		       struct text_error *error);

/* Writes one call in canonical form with its expected result, without a line end. */
void call_to_text(const struct call *call, char text[TEXT_CALL_MAX]);

/* Writes the whole program in canonical form. Return: its length without the NUL. */
size_t program_to_text(const struct program *program, char text[TEXT_PROGRAM_MAX]);

/*
 * Rewrites a text in canonical form: comment lines keep their place, empty lines and trailing
 * comments are removed. @out needs TEXT_REWRITE_MAX bytes.
 * Return: its length, or 0 with @error filled.
 */
#define TEXT_REWRITE_MAX (TEXT_PROGRAM_MAX + PROGRAM_LINES * (TEXT_LINE_MAX + 1))
size_t program_rewrite_as_canonical(const char *text, size_t size, char *out, struct text_error *error);

#endif
