/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The functions that libFuzzer calls in targets that read programs as bytes (fuzz/mutator.c). */
#include <stdlib.h>
#include <string.h>

#include "tests/random_program.h"
#include "tests/tap.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max, unsigned int seed);

#define ROUNDS 4000
#define MAX (64 * PROGRAM_RECORD)

static unsigned int engine_calls;

/* Replaces the engine: changes any bytes. */
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

static size_t make_input(uint64_t seed, uint8_t *bytes)
{
	size_t size;

	if (seed % 3) {
		make_interacting_program(&seed, &program, 40, OP_COUNT);
		return program_to_bytes(&program, bytes);
	}
	size = random_next(&seed) % MAX;
	fill_random_bytes(&seed, bytes, size);
	return size;
}

/* Allocates exactly the given sizes, so that a sanitizer detects an overflow. */
static size_t mutate_in_exact_buffer(uint64_t seed, size_t size, size_t max, uint8_t *result)
{
	uint8_t *exact = malloc(max ? max : 1);

	memcpy(exact, first, size);
	size = LLVMFuzzerCustomMutator(exact, size, max, (unsigned int)seed);
	memcpy(result, exact, size <= max ? size : 0);
	free(exact);
	return size;
}

static size_t cross_over_in_exact_buffer(uint64_t seed, size_t size, size_t other_size, size_t max,
			    uint8_t *result)
{
	uint8_t *exact = malloc(max ? max : 1);

	size = LLVMFuzzerCustomCrossOver(first, size, second, other_size, exact, max,
					 (unsigned int)seed);
	memcpy(result, exact, size <= max ? size : 0);
	free(exact);
	return size;
}

UNIT_TEST(test_mutator)
{
	static uint8_t one[PROGRAM_BYTES_MAX], two[PROGRAM_BYTES_MAX];
	unsigned int good = 0, same = 0, changed = 0, crossed = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		size_t size = make_input(seed, first), max = size + seed % 40, used;

		used = mutate_in_exact_buffer(seed, size, max, one);
		good += used <= max && is_canonical(one, used);
		changed += used != size || memcmp(one, first, size);
		same += mutate_in_exact_buffer(seed, size, max, two) == used &&
			!memcmp(one, two, used);
	}
	ok(good == ROUNDS, "mutations are canonical programs, of at most the size allowed");
	ok(changed > ROUNDS * 9 / 10, "they differ from what they were: %u of %d", changed, ROUNDS);
	ok(same == ROUNDS, "same seed, same mutation");
	ok(engine_calls > ROUNDS / 10, "the engine has its share: %u", engine_calls);
	good = same = 0;
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		size_t size = make_input(seed, first), other_size = make_input(~seed, second), used;
		size_t max = seed % 2 ? MAX : size + seed % 40;

		used = cross_over_in_exact_buffer(seed, size, other_size, max, one);
		good += used <= max && is_canonical(one, used);
		crossed += used > 0;
		same += cross_over_in_exact_buffer(seed, size, other_size, max, two) == used &&
			!memcmp(one, two, used);
	}
	ok(good == ROUNDS, "crossovers are canonical programs, of at most the size allowed");
	ok(crossed > ROUNDS * 9 / 10 && same == ROUNDS, "same seed, same crossover");
}
