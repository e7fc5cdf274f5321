/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A cursor over one line of a program's text, and functions that parse at the cursor. A parsing
 * function advances the cursor, or fills the error and returns false; the first error of a text is
 * the one that the user sees. No function reads beyond the end of the line.
 */
#ifndef HARNESS_TEXT_CURSOR_H
#define HARNESS_TEXT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program_text.h"

struct text_cursor {
	const char *at, *end; /* the line without its comment */
	struct text_error *error;
};

/* A part of the text, without a NUL. */
struct text_word {
	const char *start;
	size_t len;
};

/* Fills the error with a message of what was expected. Return: always false. */
bool text_set_error(struct text_error *error, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* Return: how many bytes of a word a message shows. */
int text_shown_length(const struct text_word *word);

/* The two arguments of `%.*s` that show a word in a message. */
#define TEXT_SHOWN(word) text_shown_length(word), (word)->start

static inline bool text_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void text_skip_spaces(struct text_cursor *cursor);

/* Skips spaces. Return: whether the line ends there. */
bool text_is_at_end(struct text_cursor *cursor);

/* Skips @sign if it is next. Return: whether it was. */
bool text_accept_sign(struct text_cursor *cursor, const char *sign);

/* Skips @sign; an error if it is not next. @before describes where it was expected. */
bool text_expect_sign(struct text_cursor *cursor, const char *sign, const char *before);

/* Reads letters, digits and underscores; the word may be empty. */
struct text_word text_read_word(struct text_cursor *cursor);

bool text_word_is(const struct text_word *word, const char *text);

/* Parses a decimal or hex literal. Return: false if it does not fit in 64 bits. */
bool text_parse_number(const struct text_word *word, uint64_t *number);

/*
 * Parses a number that a program can have (number.h), in any form of the text.
 * @number_start: gets the beginning of the number
 */
bool text_parse_valid_number(struct text_cursor *cursor, const char **number_start, uint64_t *number);

/* Parses a whole line: [THREAD:] [RESOURCE =] NAME(ARG, ...) [-> RESULT]. */
bool text_parse_call(struct text_cursor *cursor, struct call *call);

#endif
