/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A shared library by which AFL++ uses the harness's mutator (AFL_CUSTOM_MUTATOR_LIBRARY), for targets that
 * read programs as bytes. AFL++ also uses its own mutations of bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/random.h"
#include "harness/mutate/mutate.h"
#include "harness/mutate/trim.h"
#include "harness/program/program_bytes.h"

/* The maximal number of mutations that one call of afl_custom_fuzz() makes. */
#define MUTATIONS_MAX 4

struct afl_mutator {
	uint64_t random_state;
	unsigned int mutation_count; /* how many mutations made the last input */
	enum mutation mutations[MUTATIONS_MAX];
	char description[128]; /* the result of afl_custom_describe() */
	struct program program, other;
	struct trim trim;
	struct program trim_best, trim_candidate;
	unsigned int trim_step, trim_step_max;
	/* Each function has a buffer, because AFL++ may read a result while it calls another function. */
	uint8_t fuzzed_bytes[PROGRAM_BYTES_MAX], processed_bytes[PROGRAM_BYTES_MAX],
		trimmed_bytes[PROGRAM_BYTES_MAX];
};

/*
 * AFL++ looks up the functions afl_custom_*() by name, so no header declares them. The AFL++ header is not
 * needed, because afl_custom_init() does not use @afl.
 */
#define AFL_API __attribute__((visibility("default")))
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

AFL_API void *afl_custom_init(void *afl, unsigned int seed)
{
	struct afl_mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	if (m)
		m->random_state = seed;
	return m;
}

AFL_API void afl_custom_deinit(void *mutator)
{
	free(mutator);
}

/* AFL++ treats an output of 0 bytes as a failure, so the empty program is encoded as one byte. */
static size_t encode_at_least_one_byte(const struct program *program, uint8_t *bytes)
{
	size_t size = program_to_bytes(program, bytes);

	if (size)
		return size;
	bytes[0] = 0;
	return 1;
}

AFL_API size_t afl_custom_fuzz(void *mutator, uint8_t *bytes, size_t size, uint8_t **out, uint8_t *add,
			       size_t add_size, size_t max)
{
	struct afl_mutator *m = mutator;
	struct mutate_request request = { .max_calls = max / PROGRAM_RECORD };
	unsigned int depth = 1 + random_below(&m->random_state, MUTATIONS_MAX);

	program_from_bytes(&m->program, bytes, size);
	if (add && add_size) {
		program_from_bytes(&m->other, add, add_size);
		request.other = &m->other;
	}
	for (m->mutation_count = 0; m->mutation_count < depth; m->mutation_count++) {
		request.seed = random_next(&m->random_state);
		m->mutations[m->mutation_count] = mutate(&m->program, &request);
		if (m->mutations[m->mutation_count] == MUTATION_COUNT)
			break;
	}
	*out = m->fuzzed_bytes;
	return encode_at_least_one_byte(&m->program, m->fuzzed_bytes);
}

/*
 * Return: the names of the mutations that made the last input; AFL++ adds the names to the input's file name.
 */
AFL_API const char *afl_custom_describe(void *mutator, size_t max)
{
	struct afl_mutator *m = mutator;
	size_t used = 0, size = max < sizeof(m->description) ? max : sizeof(m->description);

	m->description[0] = 0;
	for (unsigned int i = 0; i < m->mutation_count; i++) {
		const char *name = mutation_table[m->mutations[i]].name;

		if (used + strlen(name) + 2 > size)
			break;
		used += (size_t)sprintf(m->description + used, "%s%s", i ? "+" : "", name);
	}
	return m->description;
}

/* AFL++ runs and stores canonical inputs only: inputs that differ in unused bytes become the same input. */
AFL_API size_t afl_custom_post_process(void *mutator, uint8_t *bytes, size_t size, uint8_t **out)
{
	struct afl_mutator *m = mutator;

	program_from_bytes(&m->program, bytes, size);
	*out = m->processed_bytes;
	return encode_at_least_one_byte(&m->program, m->processed_bytes);
}

/* Return: the maximal number of trim steps. */
AFL_API int afl_custom_init_trim(void *mutator, uint8_t *bytes, size_t size)
{
	struct afl_mutator *m = mutator;

	program_from_bytes(&m->trim_best, bytes, size);
	m->trim_step_max = trim_init(&m->trim, m->trim_best.count);
	m->trim_step = 0;
	return (int)(trim_choose_next(&m->trim) ? m->trim_step_max : 0);
}

AFL_API size_t afl_custom_trim(void *mutator, uint8_t **out)
{
	struct afl_mutator *m = mutator;

	*out = m->trimmed_bytes;
	trim_make_candidate(&m->trim, &m->trim_best, &m->trim_candidate);
	return encode_at_least_one_byte(&m->trim_candidate, m->trimmed_bytes);
}

/* Return: the number of the next trim step, or the maximal number of trim steps to end trimming. */
AFL_API int afl_custom_post_trim(void *mutator, uint8_t was_accepted)
{
	struct afl_mutator *m = mutator;

	trim_record_answer(&m->trim, was_accepted);
	if (was_accepted)
		m->trim_best = m->trim_candidate;
	if (!trim_choose_next(&m->trim))
		return (int)m->trim_step_max;
	return (int)++m->trim_step;
}
