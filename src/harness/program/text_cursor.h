/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A cursor over one line of a program's text, and the words that stand there. What takes
 * something either moves on, or fills the error and returns false: the first thing wrong
 * is what the user is told. No call skips beyond the end of the line.
 */
#ifndef HARNESS_TEXT_CURSOR_H
#define HARNESS_TEXT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program_text.h"

struct text_cursor {
	const char *at, *end; /* of the line, without its comment */
	struct text_error *error;
};

/* Part of the text: no string, it ends where the next thing begins. */
struct text_word {
	const char *at;
	size_t len;
};

/* Says what was expected. Return: always false. */
bool text_set_error(struct text_error *error, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* How much of a word may stand in a message, for `%.*s`. */
int text_shown_length(const struct text_word *word);

static inline bool text_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void text_skip_spaces(struct text_cursor *c);

/* Is nothing left but blanks? Moves over them. */
bool text_at_end(struct text_cursor *c);

/* Moves over @sign if it stands there. */
bool text_accept_sign(struct text_cursor *c, const char *sign);

/* The same, and it is an error if it does not; @before says where it was expected. */
bool text_expect_sign(struct text_cursor *c, const char *sign, const char *before);

/* Letters, digits and underscores; may be empty. */
struct text_word text_read_word(struct text_cursor *c);

bool text_word_is(const struct text_word *word, const char *text);

/* A literal, decimal or hex. Return: whether it is one that fits in 64 bits. */
bool text_parse_number(const struct text_word *word, uint64_t *number);

/* A whole call, [THREAD:] [RESOURCE =] NAME(ARG, ...) [-> RESULT], up to the end of the line. */
bool text_parse_call(struct text_cursor *c, struct call *call);

#endif
