/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests fuzz/mutator.c: functions that libFuzzer calls in fuzz targets whose inputs are programs as bytes. */
#include <string.h>

#include "tests/random_program.h"
#include "tests/tap.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
				 uint8_t *out, size_t max, unsigned int seed);

#define ROUNDS 4000
#define MAX    (64 * PROGRAM_RECORD)

static unsigned int engine_calls;

/* Replaces libFuzzer's function: appends a byte if there is space, and changes a byte. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	engine_calls++;
	if (size < max)
		data[size++] = 0x55;
	if (size)
		data[size / 2] ^= 0x55;
	return size;
}

static struct program program;
static uint8_t first[PROGRAM_BYTES_MAX], second[PROGRAM_BYTES_MAX], canonical[PROGRAM_BYTES_MAX];

static bool is_canonical(const uint8_t *bytes, size_t size)
{
	program_from_bytes(&program, bytes, size);
	return program_to_bytes(&program, canonical) == size && !memcmp(canonical, bytes, size);
}

static size_t make_program_or_random_input(uint64_t seed, uint8_t *bytes)
{
	size_t size; /* of the random bytes; a program has another size */

	if (seed % 3) {
		make_interacting_program(&seed, &program, 40, OP_COUNT);
		return program_to_bytes(&program, bytes);
	}
	size = random_next(&seed) % MAX;
	fill_random_bytes(&seed, bytes, size);
	return size;
}

/*
 * Mutates `first`, or crosses it over with `second` if @second_size is not 0. The buffer has exactly @max
 * bytes, so that a sanitizer detects an overflow. Return: the size of the result.
 */
static size_t change_in_exact_buffer(uint64_t seed, size_t first_size, size_t second_size, size_t max,
				     uint8_t *result)
{
	uint8_t *exact = malloc(max ? max : 1);
	size_t size;

	memcpy(exact, first, first_size);
	size = second_size ? LLVMFuzzerCustomCrossOver(first, first_size, second, second_size, exact, max,
						       (unsigned int)seed) :
			     LLVMFuzzerCustomMutator(exact, first_size, max, (unsigned int)seed);
	memcpy(result, exact, size <= max ? size : 0);
	free(exact);
	return size;
}

static void test_mutation_or_crossover(bool is_crossover, const char *name)
{
	static uint8_t one[PROGRAM_BYTES_MAX], two[PROGRAM_BYTES_MAX];
	unsigned int good = 0, same = 0, changed = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		size_t size = make_program_or_random_input(seed, first), max = size + seed % 40, used;
		size_t other_size = is_crossover ? make_program_or_random_input(~seed, second) : 0;

		used = change_in_exact_buffer(seed, size, other_size, max, one);
		good += used <= max && is_canonical(one, used);
		changed += used != size || memcmp(one, first, size);
		same += change_in_exact_buffer(seed, size, other_size, max, two) == used &&
			!memcmp(one, two, used);
	}
	ok(good == ROUNDS, "%s: the results are canonical programs of at most the maximal size", name);
	ok(changed > ROUNDS * 9 / 10, "%s: most results differ from the input: %u of %d", name, changed,
	   ROUNDS);
	ok(same == ROUNDS, "%s: the same seed gives the same result", name);
}

UNIT_TEST(test_mutator)
{
	test_mutation_or_crossover(false, "mutation");
	ok(engine_calls > ROUNDS / 10, "the engine makes a share of the mutations: %u", engine_calls);
	test_mutation_or_crossover(true, "crossover");
}
