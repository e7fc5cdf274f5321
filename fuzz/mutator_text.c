/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A custom mutator of libFuzzer for fuzz_text. The mutator makes one of three changes: mutate the program of
 * an accepted text; remove, replace or insert a word or a line; let libFuzzer mutate the bytes. New words and
 * lines come from the text itself, from a program, or from limit_words. Therefore most mutated texts are
 * almost valid; such texts find bugs of parsers.
 */
#include "fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/program/program_text.h"

struct text_buffer {
	char *bytes;
	size_t size, max;
};

static uint64_t random_state;
static char program_bytes[TEXT_PROGRAM_MAX];

/* Words that are at or beyond a limit of the parser, so that valid programs seldom contain them. */
static char limit_words[] =
	"expect clean T8: p8 k32 u4 m4 s4 = -> ( ) , | + - # \t \r GFP_NOIO PAGE_SIZE SIZE_MAX+1 "
	"0x "
	"0x100000000 0x8000000000000000 16383 16384 255 256 18446744073709551615 "
	"18446744073709551616";

/* A word or a line: the bytes [from, from + len) of a text. */
struct text_piece {
	size_t from, len;
};

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Return: whether @byte belongs to the same word (or line) as the byte before it. */
static bool is_in_piece_of_previous_byte(const char *byte, bool is_line)
{
	return is_line ? byte[-1] != '\n' : is_word_character(byte[0]) && is_word_character(byte[-1]);
}

/* Return: the line (with its line end) or the word that contains a random byte. */
static struct text_piece pick_random_piece(const struct text_buffer *text, bool is_line)
{
	size_t from = text->size ? random_below(&random_state, text->size) : 0, to = from + 1;

	if (!text->size)
		return (struct text_piece){ 0, 0 };
	while (from && is_in_piece_of_previous_byte(text->bytes + from, is_line))
		from--;
	while (to < text->size && is_in_piece_of_previous_byte(text->bytes + to, is_line))
		to++;
	return (struct text_piece){ from, to - from };
}

/*
 * Parses @text, mutates the program, and writes the text of the result to @program_text. If the parser
 * rejects @text, mutates the empty program. Sometimes also changes an expected result or the rules of
 * `expect`. Return: whether @text was accepted and its program was mutated.
 */
static bool make_mutated_program_text(const struct text_buffer *text, struct text_buffer *program_text)
{
	static struct program program;
	struct mutate_request request = { .seed = random_next(&random_state), .max_calls = 64 };
	struct text_error error;
	bool is_accepted = program_from_text(&program, text->bytes, text->size, &error), has_changed;

	if (!is_accepted)
		program.count = 0;
	if (program.count && random_once_in(&random_state, 8))
		program.calls[random_below(&random_state, program.count)].expected_result =
			(int8_t)random_below(&random_state, RESULT_COUNT);
	if (random_once_in(&random_state, 8)) {
		program.has_expect = true;
		program.expect = RULE_BIT(random_below(&random_state, RULE_COUNT));
	}
	has_changed = mutate(&program, &request) != MUTATION_COUNT;
	program_text->bytes = program_bytes;
	program_text->size = program_to_text(&program, program_bytes);
	return is_accepted && has_changed;
}

/* ---- changes; each returns false if it cannot be made ---- */

static bool mutate_as_program(struct text_buffer *text)
{
	struct text_buffer program_text;

	if (!make_mutated_program_text(text, &program_text) || program_text.size > text->max)
		return false;
	memcpy(text->bytes, program_text.bytes, program_text.size);
	text->size = program_text.size;
	return true;
}

/*
 * Picks a word (or a line), and replaces it by another word (or line), inserts the other one before it, or
 * removes it. The other word or line comes from the text, from a program, or from limit_words.
 */
static bool replace_insert_or_remove_piece(struct text_buffer *text)
{
	bool is_line = random_once_in(&random_state, 3);
	struct text_buffer source = *text;
	struct text_piece to = pick_random_piece(text, is_line), from;
	char copied_bytes[4 * TEXT_LINE_MAX];
	size_t replaced_end;

	if (!text->size || random_once_in(&random_state, 2))
		make_mutated_program_text(text, &source);
	else if (!is_line && random_once_in(&random_state, 2))
		source = (struct text_buffer){ limit_words, sizeof(limit_words) - 1, 0 };
	from = random_once_in(&random_state, 4) ? (struct text_piece){ 0, 0 } :
						  pick_random_piece(&source, is_line);
	if (random_once_in(&random_state, 2) && from.len)
		to.len = 0;
	if (from.len > sizeof(copied_bytes) || text->size - to.len + from.len > text->max)
		return false;
	memcpy(copied_bytes, source.bytes + from.from, from.len);
	replaced_end = to.from + to.len;
	memmove(text->bytes + to.from + from.len, text->bytes + replaced_end, text->size - replaced_end);
	memcpy(text->bytes + to.from, copied_bytes, from.len);
	text->size = text->size - to.len + from.len;
	return true;
}

static bool mutate_by_engine(struct text_buffer *text)
{
	text->size = LLVMFuzzerMutate((uint8_t *)text->bytes, text->size, text->max);
	return true;
}

static bool (*const changes[])(struct text_buffer *text) = { mutate_as_program,
							     replace_insert_or_remove_piece,
							     mutate_by_engine };
static const unsigned int change_weights[] = { 8, 17, 8 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct text_buffer text = { (char *)data, size, max };

	random_state = seed;
	while (!changes[random_index_by_weight(&random_state, change_weights, 3)](&text) || !text.size)
		;
	return text.size;
}
