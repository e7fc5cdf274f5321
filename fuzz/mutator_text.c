/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A mutator for the target that reads texts: as libFuzzer wants it. A good text becomes
 * another program's text; any text gets other lines and other words, so that it is nearly
 * good, which is where a reader goes wrong; or bytes, as the engine mutates them.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/program/program_text.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

struct text {
	char *at;
	size_t size, max;
	uint64_t random;
};

/* What a line may be made of, beside names of calls and rules. */
static const char *const words[] = {
	"pagetorture 1", "expect", "clean", "main:", "T0:", "T7:", "T8:", "p0", "p7", "p8", "k31",
	"k32", "u3", "u4", "m3", "m4", "s3", "s4", "=", "->", "0", "EINVAL", "EFAULT", "ENOMEM", "(",
	")", ",", "|", "+", "-", "#", " ", "\t", "\r", "\n", "GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT",
	"GFP_NOIO", "__GFP_ZERO", "__GFP_HIGHMEM", "__GFP_NOFAIL", "PAGE_SIZE", "SIZE_MAX", "0x",
	"0x100000000", "0x8000000000000000", "SIZE_MAX+1", "16383", "16384", "255", "256",
	"18446744073709551615", "18446744073709551616",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* ---- pieces of a text ---- */

struct piece {
	size_t from, len;
};

/* The line around a random byte, with its end. */
static struct piece pick_line(struct text *t)
{
	size_t from = random_below(&t->random, t->size), to = from;

	while (from && t->at[from - 1] != '\n')
		from--;
	while (to < t->size && t->at[to++] != '\n')
		;
	return (struct piece){ from, to - from };
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The word around a random byte; what is no letter is a word by itself. */
static struct piece pick_word(struct text *t)
{
	size_t from = random_below(&t->random, t->size), to = from + 1;

	if (!is_letter(t->at[from]))
		return (struct piece){ from, 1 };
	while (from && is_letter(t->at[from - 1]))
		from--;
	while (to < t->size && is_letter(t->at[to]))
		to++;
	return (struct piece){ from, to - from };
}

/* Puts other bytes in place of a piece. Return: false if there is no room. */
static bool replace(struct text *t, struct piece piece, const char *by, size_t len)
{
	size_t end = piece.from + piece.len;

	if (t->size - piece.len + len > t->max)
		return false;
	memmove(t->at + piece.from + len, t->at + end, t->size - end);
	memcpy(t->at + piece.from, by, len);
	t->size = t->size - piece.len + len;
	return true;
}

static const char *any_word(struct text *t)
{
	switch (random_below(&t->random, 4)) {
	case 0:
		return op_table[random_below(&t->random, OP_COUNT)].name;
	case 1:
		return rule_name(random_below(&t->random, RULE_COUNT));
	default:
		return words[random_below(&t->random, WORDS)];
	}
}

/* ---- the ways ---- */

static struct program program;
static char formatted[TEXT_PROGRAM_MAX];

/* As other programs; sometimes what a call returns is claimed too. */
static bool other_program(struct text *t)
{
	struct mutate_request request = { .seed = random_next(&t->random), .max_calls = 64 };
	struct text_error error;
	size_t size;

	if (!program_from_text(&program, t->at, t->size, &error))
		return false;
	if (program.count && random_once_in(&t->random, 8))
		program.calls[random_below(&t->random, program.count)].expected_result =
			(int8_t)random_below(&t->random, RESULT_COUNT);
	if (mutate(&program, &request) == MUTATION_COUNT)
		return false;
	size = program_to_text(&program, formatted);
	if (size > t->max)
		return false;
	memcpy(t->at, formatted, size);
	t->size = size;
	return true;
}

static bool other_word(struct text *t)
{
	const char *word = any_word(t);
	struct piece piece = t->size ? pick_word(t) : (struct piece){ 0, 0 };

	if (random_once_in(&t->random, 4))
		return replace(t, piece, "", 0);
	if (random_once_in(&t->random, 2))
		piece.len = 0;
	return replace(t, piece, word, strlen(word));
}

/* A word from elsewhere in the text takes the place of another. */
static bool word_from_text(struct text *t)
{
	struct piece from, to;
	char word[64];

	if (!t->size)
		return false;
	from = pick_word(t);
	to = pick_word(t);
	if (from.len > sizeof(word))
		return false;
	memcpy(word, t->at + from.from, from.len);
	return replace(t, to, word, from.len);
}

static bool other_lines(struct text *t)
{
	char line[4 * TEXT_LINE_MAX];
	struct piece from, to;
	size_t len;

	if (!t->size)
		return false;
	from = pick_line(t);
	len = from.len;
	if (random_once_in(&t->random, 4))
		return replace(t, from, "", 0);
	if (len > sizeof(line))
		return false;
	memcpy(line, t->at + from.from, len);
	to = pick_line(t);
	if (random_once_in(&t->random, 2))
		to.len = 0;
	return replace(t, to, line, len);
}

static bool header(struct text *t)
{
	static const char begin[] = "pagetorture 1\n";

	return replace(t, (struct piece){ 0, 0 }, begin, sizeof(begin) - 1);
}

static bool engine(struct text *t)
{
	t->size = LLVMFuzzerMutate((uint8_t *)t->at, t->size, t->max);
	return true;
}

static const struct {
	unsigned int weight;
	bool (*apply)(struct text *t);
} ways[] = {
	{ 8, other_program }, { 8, other_word }, { 4, word_from_text },
	{ 4, other_lines },   { 1, header },	 { 8, engine },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static uint32_t draw(struct text *t)
{
	uint32_t sum = 0, ticket, way;

	for (way = 0; way < WAYS; way++)
		sum += ways[way].weight;
	ticket = random_below(&t->random, sum);
	for (way = 0; ticket >= ways[way].weight; way++)
		ticket -= ways[way].weight;
	return way;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct text t = { (char *)data, size, max, seed };

	while (!ways[draw(&t)].apply(&t) || !t.size)
		;
	return t.size;
}
