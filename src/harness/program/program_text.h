/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Reads and writes programs as text: format 1, for people and for the corpus. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

#define TEXT_LINE_MAX 256

/* Sizes of the longest texts of a call and of a program in canonical form, with the NUL. */
#define TEXT_CALL_MAX    160
#define TEXT_PROGRAM_MAX (PROGRAM_LINES * TEXT_CALL_MAX)

/* The first error in a text: its line, and what was expected. */
struct text_error {
	unsigned int line_number;
	bool no_header; /* the text does not begin with the word `pagetorture` */
	char message[320];
};

/* Return: true, or false with the first error in @error. */
bool program_from_text(struct program *program, const char *text, size_t size, struct text_error *error);

/* Writes one call in canonical form with its expected result, without a line end. */
void call_to_text(const struct call *call, char text[TEXT_CALL_MAX]);

/* Writes the whole program in canonical form. Return: the length of the text without the NUL. */
size_t program_to_text(const struct program *program, char text[TEXT_PROGRAM_MAX]);

/*
 * Writes the text in canonical form to @out, which has TEXT_REWRITE_MAX bytes: comment lines keep their
 * place; empty lines and comments after a call are removed. Return: the length of the canonical text, or 0
 * with the first error in @error.
 */
#define TEXT_REWRITE_MAX (TEXT_PROGRAM_MAX + PROGRAM_LINES * (TEXT_LINE_MAX + 1))
size_t program_rewrite_as_canonical(const char *text, size_t size, char *out, struct text_error *error);
