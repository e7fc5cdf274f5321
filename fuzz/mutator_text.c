/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A custom mutator of libFuzzer for fuzz_text. An accepted text becomes the text of another
 * program. Any text gets other lines and words, so that it is almost valid, where parsers often
 * fail; or libFuzzer mutates its bytes.
 */
#include "fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/program/program_text.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

struct text_buffer {
	char *bytes;
	size_t size, max;
	uint64_t random_state;
};

/* Words that a line may contain, in addition to names of calls and rules. */
static const char *const known_words[] = {
	"pagetorture 1", "expect", "clean", "main:", "T0:", "T7:", "T8:", "p0", "p7", "p8", "k31",
	"k32", "u3", "u4", "m3", "m4", "s3", "s4", "=", "->", "0", "EINVAL", "EFAULT", "ENOMEM", "(",
	")", ",", "|", "+", "-", "#", " ", "\t", "\r", "\n", "GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT",
	"GFP_NOIO", "__GFP_ZERO", "__GFP_HIGHMEM", "__GFP_NOFAIL", "PAGE_SIZE", "SIZE_MAX", "0x",
	"0x100000000", "0x8000000000000000", "SIZE_MAX+1", "16383", "16384", "255", "256",
	"18446744073709551615", "18446744073709551616",
};
#define WORDS (sizeof(known_words) / sizeof(known_words[0]))

/* ---- pieces of a text ---- */

struct piece {
	size_t from, len;
};

/* Return: the line around a random byte, with its line end. */
static struct piece pick_random_line(struct text_buffer *t)
{
	size_t from = random_below(&t->random_state, t->size), to = from;

	while (from && t->bytes[from - 1] != '\n')
		from--;
	while (to < t->size && t->bytes[to++] != '\n')
		;
	return (struct piece){ from, to - from };
}

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Return: the word around a random byte; a character that is no letter is a word. */
static struct piece pick_random_word(struct text_buffer *t)
{
	size_t from = random_below(&t->random_state, t->size), to = from + 1;

	if (!is_word_character(t->bytes[from]))
		return (struct piece){ from, 1 };
	while (from && is_word_character(t->bytes[from - 1]))
		from--;
	while (to < t->size && is_word_character(t->bytes[to]))
		to++;
	return (struct piece){ from, to - from };
}

/* Replaces a piece by other bytes. Return: false if there is no room. */
static bool replace_piece(struct text_buffer *t, struct piece piece, const char *by, size_t len)
{
	size_t end = piece.from + piece.len;

	if (t->size - piece.len + len > t->max)
		return false;
	memmove(t->bytes + piece.from + len, t->bytes + end, t->size - end);
	memcpy(t->bytes + piece.from, by, len);
	t->size = t->size - piece.len + len;
	return true;
}

static const char *choose_known_word(struct text_buffer *t)
{
	switch (random_below(&t->random_state, 4)) {
	case 0:
		return op_table[random_below(&t->random_state, OP_COUNT)].name;
	case 1:
		return rule_name(random_below(&t->random_state, RULE_COUNT));
	default:
		return known_words[random_below(&t->random_state, WORDS)];
	}
}

/* ---- changes; each returns false if it cannot be made ---- */

static struct program program;
static char formatted[TEXT_PROGRAM_MAX];

/* Mutates the text's program; sometimes also changes an expected result. */
static bool mutate_program(struct text_buffer *t)
{
	struct mutate_request request = { .seed = random_next(&t->random_state), .max_calls = 64 };
	struct text_error error;
	size_t size;

	if (!program_from_text(&program, t->bytes, t->size, &error))
		return false;
	if (program.count && random_once_in(&t->random_state, 8))
		program.calls[random_below(&t->random_state, program.count)].expected_result =
			(int8_t)random_below(&t->random_state, RESULT_COUNT);
	if (mutate(&program, &request) == MUTATION_COUNT)
		return false;
	size = program_to_text(&program, formatted);
	if (size > t->max)
		return false;
	memcpy(t->bytes, formatted, size);
	t->size = size;
	return true;
}

/*
 * Replaces a word of the text by a known word, inserts a known word before it, or removes the word.
 */
static bool insert_known_word(struct text_buffer *t)
{
	const char *word = choose_known_word(t);
	struct piece piece = t->size ? pick_random_word(t) : (struct piece){ 0, 0 };

	if (random_once_in(&t->random_state, 4))
		return replace_piece(t, piece, "", 0);
	if (random_once_in(&t->random_state, 2))
		piece.len = 0;
	return replace_piece(t, piece, word, strlen(word));
}

/* Copies a piece of the text over another piece, or inserts it before that piece. */
static bool copy_random_piece(struct text_buffer *t, struct piece (*pick)(struct text_buffer *t))
{
	char bytes[4 * TEXT_LINE_MAX];
	struct piece from, to;

	if (!t->size)
		return false;
	from = pick(t);
	to = pick(t);
	if (from.len > sizeof(bytes))
		return false;
	memcpy(bytes, t->bytes + from.from, from.len);
	if (random_once_in(&t->random_state, 2))
		to.len = 0;
	return replace_piece(t, to, bytes, from.len);
}

static bool copy_word(struct text_buffer *t)
{
	return copy_random_piece(t, pick_random_word);
}

static bool copy_line(struct text_buffer *t)
{
	return copy_random_piece(t, pick_random_line);
}

static bool remove_line(struct text_buffer *t)
{
	return t->size && replace_piece(t, pick_random_line(t), "", 0);
}

static bool insert_header(struct text_buffer *t)
{
	static const char header[] = "pagetorture 1\n";

	return replace_piece(t, (struct piece){ 0, 0 }, header, sizeof(header) - 1);
}

static bool mutate_by_engine(struct text_buffer *t)
{
	t->size = LLVMFuzzerMutate((uint8_t *)t->bytes, t->size, t->max);
	return true;
}

static const struct {
	unsigned int weight;
	bool (*apply)(struct text_buffer *t);
} changes[] = {
	{ 8, mutate_program }, { 8, insert_known_word }, { 4, copy_word },        { 3, copy_line },
	{ 1, remove_line },    { 1, insert_header },     { 8, mutate_by_engine },
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static uint32_t choose_text_change(struct text_buffer *t)
{
	uint32_t sum = 0, left, chosen;

	for (chosen = 0; chosen < CHANGES; chosen++)
		sum += changes[chosen].weight;
	left = random_below(&t->random_state, sum);
	for (chosen = 0; left >= changes[chosen].weight; chosen++)
		left -= changes[chosen].weight;
	return chosen;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct text_buffer t = { (char *)data, size, max, seed };

	while (!changes[choose_text_change(&t)].apply(&t) || !t.size)
		;
	return t.size;
}
