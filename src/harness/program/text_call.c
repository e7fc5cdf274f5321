/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Parses one call of a program's text. */
#include "harness/program/text_cursor.h"

#include <string.h>

#include "harness/util/number.h"
#include "harness/program/text_writer.h"

/* Sets an error about the number from @number_start to the cursor. Return: always false. */
static bool set_number_error(struct text_cursor *cursor, const char *number_start, const char *expected)
{
	struct text_word number = { number_start, (size_t)(cursor->at - number_start) };

	return text_set_error(cursor->error, "%s, got %.*s", expected, text_shown_length(&number),
			      number_start);
}

/*
 * Parses the rest of a number that begins with PAGE_SIZE or SIZE_MAX: nothing, or + or - and a literal. @base
 * is the value of the name. A sum or difference that does not fit in 64 bits is an error.
 */
static bool parse_rest_of_named_number(struct text_cursor *cursor, const char *number_start, uint64_t base,
				       uint64_t *number)
{
	bool plus = text_skip_sign_if_next(cursor, "+");
	struct text_word word;
	uint64_t literal;

	*number = base;
	if (!plus && !text_skip_sign_if_next(cursor, "-"))
		return true;
	word = text_read_word(cursor);
	if (!text_parse_literal(&word, &literal))
		return text_set_error(cursor->error, "expected a number after '%c', got '%.*s'",
				      plus ? '+' : '-', TEXT_SHOWN(&word));
	if (plus ? __builtin_add_overflow(base, literal, number) :
		   __builtin_sub_overflow(base, literal, number))
		return set_number_error(cursor, number_start, "expected a number of 0 .. SIZE_MAX");
	return true;
}

bool text_parse_number_in_domain(struct text_cursor *cursor, const char **number_start, uint64_t *number)
{
	struct text_word word = text_read_word(cursor);

	*number_start = word.start;
	if (text_word_is(&word, "PAGE_SIZE") || text_word_is(&word, "SIZE_MAX")) {
		if (!parse_rest_of_named_number(cursor, word.start, word.start[0] == 'P' ? 4096 : UINT64_MAX,
						number))
			return false;
	} else if (!text_parse_literal(&word, number)) {
		return text_set_error(
			cursor->error,
			"expected a number (decimal, 0x hex, PAGE_SIZE or SIZE_MAX), got '%.*s'",
			TEXT_SHOWN(&word));
	}
	if (!number_is_valid(*number))
		return set_number_error(cursor, word.start,
					"number outside the domain: expected x, 2^32+x, 2^63+x or "
					"SIZE_MAX-x with x < 16384");
	return true;
}

static bool parse_value(struct text_cursor *cursor, uint8_t *value)
{
	struct text_word word = text_read_word(cursor);
	uint64_t parsed_value;

	if (!text_parse_literal(&word, &parsed_value) || parsed_value > 255)
		return text_set_error(cursor->error, "expected a value of 0 .. 255, got '%.*s'",
				      TEXT_SHOWN(&word));
	*value = (uint8_t)parsed_value;
	return true;
}

/* Parses one flag and adds it to @flags; increments @context_count if the flag is a context. */
static bool parse_gfp_flag(struct text_cursor *cursor, uint8_t *flags, unsigned int *context_count)
{
	struct text_word word = text_read_word(cursor);

	for (unsigned int i = 0; i < 4; i++) {
		if (!text_word_is(&word, text_gfp_contexts[i]))
			continue;
		*flags |= (uint8_t)i;
		return ++*context_count == 1 ||
		       text_set_error(cursor->error, "expected one GFP_ context, got a second");
	}
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t bit = (uint8_t)(CALL_GFP_ZERO << i);

		if (!text_word_is(&word, text_gfp_modifiers[i]))
			continue;
		if (*flags & bit)
			return text_set_error(cursor->error, "expected each flag once, got %s again",
					      text_gfp_modifiers[i]);
		*flags |= bit;
		return true;
	}
	return text_set_error(cursor->error, "expected a gfp flag, got '%.*s'", TEXT_SHOWN(&word));
}

static bool parse_gfp_flags(struct text_cursor *cursor, uint8_t *flags)
{
	unsigned int context_count = 0;

	do {
		if (!parse_gfp_flag(cursor, flags, &context_count))
			return false;
	} while (text_skip_sign_if_next(cursor, "|"));
	return context_count ||
	       text_set_error(cursor->error, "expected one of GFP_KERNEL GFP_ATOMIC GFP_NOWAIT GFP_NOIO");
}

/* Parses a handle such as p7. @letter: the letter of the handle's kind in ops.def */
static bool parse_handle(struct text_cursor *cursor, const struct text_word *word, char letter,
			 uint8_t *handle)
{
	unsigned int last_handle = op_count_handles_of_letter(letter) - 1;
	struct text_word digits = { word->start + 1, word->len - 1 };
	uint64_t handle_number;

	letter |= 0x20;
	if (word->len < 2 || word->start[0] != letter || !text_parse_literal(&digits, &handle_number) ||
	    !text_is_digit(digits.start[digits.len - 1]) || digits.len > 2 ||
	    (digits.len == 2 && digits.start[0] == '0') || handle_number > last_handle)
		return text_set_error(cursor->error, "expected a handle %c0 .. %c%u, got '%.*s'", letter,
				      letter, last_handle, TEXT_SHOWN(word));
	*handle = (uint8_t)handle_number;
	return true;
}

_Static_assert(PROGRAM_SLICE_MAX == 16383, "a message contains this number");

static bool parse_argument(struct text_cursor *cursor, char letter, struct call *call,
			   struct argument_progress *seen)
{
	struct text_word word;
	const char *number_start;

	switch (letter) {
	case 'n':
		return text_parse_number_in_domain(cursor, &number_start, &call->number[seen->numbers++]);
	case 'z':
		return text_parse_number_in_domain(cursor, &number_start, &call->number[seen->numbers]) &&
		       (call->number[seen->numbers++] <= PROGRAM_SLICE_MAX ||
			set_number_error(cursor, number_start, "expected a slice size of 0 .. 16383"));
	case 'f':
		call->has_fault = 1;
		return text_parse_number_in_domain(cursor, &number_start, &call->number[seen->numbers++]);
	case 'v':
		return parse_value(cursor, &call->value);
	case 'g':
		return parse_gfp_flags(cursor, &call->value);
	default:
		word = text_read_word(cursor);
		return parse_handle(cursor, &word, letter, &call->handle[seen->handles++]);
	}
}

static bool parse_arguments(struct text_cursor *cursor, struct call *call)
{
	bool fills = op_fills_handle(call->op);
	struct argument_progress seen = { .handles = fills };
	const char *first_letter = op_table[call->op].argument_kinds + fills;

	if (!text_require_sign(cursor, "(", "after the name of the call"))
		return false;
	for (const char *letters = first_letter; *letters; letters++) {
		if (*letters == 'f' && text_skip_sign_if_next(cursor, ")"))
			return true;
		if (letters > first_letter && !text_require_sign(cursor, ",", "before the next argument"))
			return false;
		if (!parse_argument(cursor, *letters, call, &seen))
			return false;
	}
	return text_require_sign(cursor, ")", "after the last argument");
}

static bool parse_expected_result(struct text_cursor *cursor, struct call *call)
{
	struct text_word word;

	if (!text_skip_sign_if_next(cursor, "->"))
		return true;
	word = text_read_word(cursor);
	call->expected_result = (int8_t)result_find(word.start, word.len);
	if (call->expected_result == RESULT_NONE)
		return text_set_error(cursor->error,
				      "expected a result (0, EINVAL, EFAULT or ENOMEM), got '%.*s'",
				      TEXT_SHOWN(&word));
	if (!op_table[call->op].has_result)
		return text_set_error(cursor->error, "expected no '->': %s has no result",
				      op_table[call->op].name);
	return true;
}

static bool parse_thread(struct text_cursor *cursor, const struct text_word *word, uint8_t *thread)
{
	for (*thread = 0; *thread < PROGRAM_THREADS; ++*thread)
		if (text_word_is(word, thread_name(*thread)))
			return true;
	return text_set_error(cursor->error, "expected a thread (main or T0 .. T7) before ':', got '%.*s'",
			      TEXT_SHOWN(word));
}

/* Returns whether the word is `main`, or `T` or `t` with any number. */
static bool looks_like_thread_name(const struct text_word *word)
{
	size_t digits = 1;

	while (digits < word->len && text_is_digit(word->start[digits]))
		digits++;
	return text_word_is(word, "main") ||
	       (word->len > 1 && (word->start[0] | 0x20) == 't' && digits == word->len);
}

static bool set_call_name_error(const struct text_cursor *cursor, const struct text_word *word)
{
	if (!word->len && cursor->at < cursor->end)
		return text_set_error(cursor->error, "expected the name of a call, got '%c'", *cursor->at);
	if (looks_like_thread_name(word))
		return text_set_error(cursor->error,
				      "expected a thread (main or T0 .. T7) with ':', got '%.*s'",
				      TEXT_SHOWN(word));
	return text_set_error(cursor->error, "unknown call '%.*s': expected the name of a call",
			      TEXT_SHOWN(word));
}

/* Parses @handle_word, the word before `=`, which is empty if the line has no `=`. */
static bool parse_filled_handle(struct text_cursor *cursor, const struct text_word *handle_word,
				struct call *call)
{
	const struct op_info *op = &op_table[call->op];
	bool fills = op_fills_handle(call->op);

	if (fills && !handle_word->len)
		return text_set_error(cursor->error, "expected '%c0 = %s': the call makes a resource",
				      op->argument_kinds[0] | 0x20, op->name);
	if (!fills && handle_word->len)
		return text_set_error(cursor->error, "expected no '%.*s =': %s makes no resource",
				      TEXT_SHOWN(handle_word), op->name);
	return !fills || parse_handle(cursor, handle_word, op->argument_kinds[0], &call->handle[0]);
}

bool text_parse_call(struct text_cursor *cursor, struct call *call)
{
	struct text_word word = text_read_word(cursor), resource = { NULL, 0 };

	memset(call, 0, sizeof(*call));
	call->expected_result = RESULT_NONE;
	if (text_skip_sign_if_next(cursor, ":")) {
		if (!parse_thread(cursor, &word, &call->thread))
			return false;
		word = text_read_word(cursor);
	}
	if (text_skip_sign_if_next(cursor, "=")) {
		resource = word;
		if (!resource.len)
			return text_set_error(cursor->error, "expected a resource before '='");
		word = text_read_word(cursor);
	}
	call->op = (uint8_t)op_find(word.start, word.len);
	if (call->op == OP_COUNT)
		return set_call_name_error(cursor, &word);
	if (!parse_filled_handle(cursor, &resource, call) || !parse_arguments(cursor, call) ||
	    !parse_expected_result(cursor, call))
		return false;
	return text_ends_after_spaces(cursor) ||
	       text_set_error(cursor->error, "expected the end of the line, got '%c'", *cursor->at);
}
