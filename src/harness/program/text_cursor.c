/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/text_cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool text_set_error(struct text_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

int text_shown_length(const struct text_word *word)
{
	return word->len < 40 ? (int)word->len : 40;
}

static bool is_word_character(char c)
{
	return text_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void text_skip_spaces(struct text_cursor *cursor)
{
	while (cursor->at < cursor->end && text_is_space(*cursor->at))
		cursor->at++;
}

bool text_ends_after_spaces(struct text_cursor *cursor)
{
	text_skip_spaces(cursor);
	return cursor->at == cursor->end;
}

bool text_skip_sign_if_next(struct text_cursor *cursor, const char *sign)
{
	size_t len = strlen(sign);

	text_skip_spaces(cursor);
	if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, sign, len))
		return false;
	cursor->at += len;
	return true;
}

bool text_require_sign(struct text_cursor *cursor, const char *sign, const char *where)
{
	if (text_skip_sign_if_next(cursor, sign))
		return true;
	return text_set_error(cursor->error, "expected '%s' %s", sign, where);
}

struct text_word text_read_word(struct text_cursor *cursor)
{
	struct text_word word;

	text_skip_spaces(cursor);
	word.start = cursor->at;
	while (cursor->at < cursor->end && is_word_character(*cursor->at))
		cursor->at++;
	word.len = (size_t)(cursor->at - word.start);
	return word;
}

bool text_word_is(const struct text_word *word, const char *text)
{
	return strlen(text) == word->len && !memcmp(word->start, text, word->len);
}

static int digit_value(char c, unsigned int base)
{
	int value = text_is_digit(c)     ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					   99;

	return value < (int)base ? value : -1;
}

bool text_parse_literal(const struct text_word *word, uint64_t *number)
{
	bool hex = word->len > 2 && word->start[0] == '0' && (word->start[1] | 0x20) == 'x';
	unsigned int base = hex ? 16 : 10;

	*number = 0;
	for (size_t i = hex ? 2 : 0; i < word->len; i++) {
		int digit = digit_value(word->start[i], base);

		if (digit < 0 || __builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, (uint64_t)digit, number))
			return false;
	}
	return word->len > 0;
}
