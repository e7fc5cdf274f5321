/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A cursor over one line of a program's text, and functions that parse at the cursor. A function named parse
 * or require advances the cursor, or fills the error and returns false. No function reads beyond the end of
 * the line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program_text.h"

struct text_cursor {
	const char *at, *end; /* the rest of the line, without the comment */
	struct text_error *error;
};

/* A part of the text; no NUL follows it. */
struct text_word {
	const char *start;
	size_t len;
};

/* Sets the message of the error, in printf style. Return: always false. */
bool text_set_error(struct text_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Return: how many bytes of @word a message shows: at most 40. */
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

/* Skips spaces and tabs. Return: whether the cursor is then at the end of the line. */
bool text_ends_after_spaces(struct text_cursor *cursor);

/* Skips spaces, and then @sign if it follows. Return: whether @sign was skipped. */
bool text_skip_sign_if_next(struct text_cursor *cursor, const char *sign);

/*
 * Skips spaces and @sign. Return: false with the error filled if @sign does not follow.
 * @where: where @sign was expected, for the message, such as "after the last argument"
 */
bool text_require_sign(struct text_cursor *cursor, const char *sign, const char *where);

/* Skips spaces, and reads letters, digits and underscores. Return: the word; it may be empty. */
struct text_word text_read_word(struct text_cursor *cursor);

bool text_word_is(const struct text_word *word, const char *text);

/* Parses a decimal or hex literal. Return: false if @word is no literal or exceeds 64 bits. */
bool text_parse_literal(const struct text_word *word, uint64_t *number);

/*
 * Parses a number in any form that a text can have, and checks that the number is valid (number.h).
 * @number_start: gets the first character of the number, for messages
 */
bool text_parse_number_in_domain(struct text_cursor *cursor, const char **number_start, uint64_t *number);

/* Parses a whole line: [THREAD:] [RESOURCE =] NAME(ARG, ...) [-> RESULT]. */
bool text_parse_call(struct text_cursor *cursor, struct call *call);
