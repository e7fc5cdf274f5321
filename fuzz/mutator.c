/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Makes the harness's mutator a custom mutator of libFuzzer, for targets that read programs as bytes. */
#include "fuzz/fuzz.h"

#include "harness/mutate/mutate.h"
#include "harness/program/program_bytes.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define MUTATOR_MSAN
#endif
#endif

static struct program program, other_program;

/*
 * The engine and the mutator are not instrumented, so MemorySanitizer does not know that the bytes of an
 * input are initialised. Other builds must not contain the call of __msan_unpoison(): OSS-Fuzz refuses
 * targets that contain it (fuzz/oss-fuzz/check_out.py).
 */
static void mark_initialised(const void *at, size_t size)
{
#ifdef MUTATOR_MSAN
	__msan_unpoison(at, size);
#else
	(void)at;
	(void)size;
#endif
}

static size_t mutate_by_libfuzzer(uint8_t *data, size_t size, size_t max)
{
	size = LLVMFuzzerMutate(data, size, max);
	mark_initialised(data, size);
	return size;
}

/* Mutates the program and writes it as bytes. Return: the number of bytes; after 0 the engine tries again. */
static size_t mutate_and_encode(uint8_t *out, size_t max, const struct program *other, unsigned int seed)
{
	struct mutate_request request = {
		.seed = seed,
		.max_calls = max / PROGRAM_RECORD,
		.other = other,
		.engine = LLVMFuzzerMutate ? mutate_by_libfuzzer : NULL,
	};

	if (mutate(&program, &request) == MUTATION_COUNT)
		return 0;
	mark_initialised(&program, sizeof(program));
	return program_to_bytes(&program, out);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	mark_initialised(data, size);
	program_from_bytes(&program, data, size);
	return mutate_and_encode(data, max, NULL, seed);
}

/*
 * libFuzzer calls this function as often as LLVMFuzzerCustomMutator(); the weights in mutations.def decide
 * how often two programs are spliced.
 */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
				 uint8_t *out, size_t max, unsigned int seed)
{
	mark_initialised(data, size);
	mark_initialised(other, other_size);
	program_from_bytes(&program, data, size);
	program_from_bytes(&other_program, other, other_size);
	return mutate_and_encode(out, max, &other_program, seed);
}
