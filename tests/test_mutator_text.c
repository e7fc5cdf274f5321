/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests fuzz/mutator_text.c: functions that libFuzzer calls in fuzz_text, whose inputs are program texts. */
#include <string.h>

#include "harness/program/program_text.h"
#include "tests/random_program.h"
#include "tests/tap.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

#define ROUNDS 4000
#define MAX    6000

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	if (size < max)
		data[size++] = '?';
	return size;
}

static struct program program;
static char text[TEXT_PROGRAM_MAX];

static bool is_valid_text(const char *bytes, size_t size)
{
	struct text_error error;

	return program_from_text(&program, bytes, size, &error);
}

static size_t mutate_in_exact_buffer(uint64_t seed, const char *from, size_t size, size_t max, char *result)
{
	char *exact = malloc(max ? max : 1);

	memcpy(exact, from, size);
	size = LLVMFuzzerCustomMutator((uint8_t *)exact, size, max, (unsigned int)seed);
	memcpy(result, exact, size <= max ? size : 0);
	free(exact);
	return size;
}

static void test_one_mutation(void)
{
	static char one[MAX + 40], two[MAX + 40];
	unsigned int within_limit = 0, same = 0, changed = 0, good = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		uint64_t state = seed;
		size_t size, max, used;

		make_interacting_program(&state, &program, 40, OP_COUNT);
		size = program_to_text(&program, text);
		max = size + seed % 40;
		used = mutate_in_exact_buffer(seed, text, size, max, one);
		within_limit += used && used <= max;
		changed += used != size || memcmp(one, text, size);
		good += is_valid_text(one, used);
		same += mutate_in_exact_buffer(seed, text, size, max, two) == used && !memcmp(one, two, used);
	}
	ok(within_limit == ROUNDS, "a result is never empty, and never larger than the maximal size");
	ok(changed > ROUNDS * 9 / 10, "most results differ from the input: %u of %d", changed, ROUNDS);
	ok(same == ROUNDS, "the same seed gives the same text");
	ok(good > ROUNDS / 5 && good < ROUNDS * 4 / 5, "%u results are valid, but not too few or too many",
	   good);
}

/* Tests that mutations make a valid program from an empty text; an engine's own mutations seldom do. */
static void test_program_reached_from_empty_text(void)
{
	static char walk[MAX], other[MAX];
	bool called = false;
	size_t size = 0, calls = 0;
	unsigned int steps = 0;

	for (; steps < 20000 && !called; steps++) {
		size_t used = mutate_in_exact_buffer(steps, walk, size, MAX, other);

		/* Keep valid texts with as many calls or more, as engines keep inputs with new coverage. */
		if (is_valid_text(other, used) && (!size || program.count >= calls)) {
			calls = program.count;
			size = used;
			memcpy(walk, other, used);
			called = calls >= 5;
		}
	}
	ok(called, "a valid program of five calls is reached from an empty text: %u steps", steps);
}

static void test_short_texts(void)
{
	char short_text[24], result[24];
	unsigned int good = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		uint64_t state = seed;
		size_t max = 1 + seed % 24, size = random_next(&state) % (max + 1), used;

		fill_random_bytes(&state, (uint8_t *)short_text, size);
		used = mutate_in_exact_buffer(seed, short_text, size, max, result);
		good += used && used <= max;
	}
	ok(good == ROUNDS, "short random texts and small maximal sizes give results of a valid size");
}

UNIT_TEST(test_mutator_text)
{
	test_one_mutation();
	test_program_reached_from_empty_text();
	test_short_texts();
}
