/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/mutate.h"

#include "harness/mutate/mutate_parts.h"
#include "harness/program/program_bytes.h"

const struct mutation_info mutation_table[MUTATION_COUNT] = {
#define MUTATION(name, ...) [MUTATION_##name] = { #name, __VA_ARGS__, mutate_##name },
#include "harness/mutate/mutations.def"
};

/* If a drawn mutation changes nothing, another mutation is drawn; at most this many are drawn. */
#define DRAWS 32

bool mutate_engine(struct mutator *m)
{
	uint8_t bytes[PROGRAM_BYTES_MAX];
	size_t size = program_to_bytes(m->program, bytes);

	size = m->engine(bytes, size, m->max_calls * PROGRAM_RECORD);
	program_from_bytes(m->program, bytes, size);
	/* A schedule belongs to the calls for which it was found. */
	deviations_clear(&m->program->schedule);
	return true;
}

static bool is_applicable(const struct mutator *m, enum mutation mutation)
{
	const struct mutation_info *info = &mutation_table[mutation];

	return m->max_calls && m->program->count >= info->least_call_count &&
	       mutate_count_insertable_calls(m) >= info->least_insertable_calls &&
	       (mutation != MUTATION_engine || m->engine);
}

static enum mutation draw_mutation(struct mutator *m)
{
	unsigned int weights[MUTATION_COUNT];

	for (enum mutation mutation = 0; mutation < MUTATION_COUNT; mutation++)
		weights[mutation] = is_applicable(m, mutation) ? mutation_table[mutation].weight : 0;
	return random_index_by_weight(&m->random_state, weights, MUTATION_COUNT);
}

static struct mutator cut_program_and_init_mutator(struct program *program,
						   const struct mutate_request *request)
{
	size_t most = request->max_calls < PROGRAM_CALLS ? request->max_calls : PROGRAM_CALLS;

	if (program->count > most)
		program->count = most;
	deviations_clear(&program->schedule);
	return (struct mutator){
		.program = program,
		.other = request->other && request->other->count ? request->other : program,
		.max_calls = most,
		.random_state = request->seed,
		.engine = request->engine,
	};
}

bool mutate_with(enum mutation mutation, struct program *program, const struct mutate_request *request)
{
	struct mutator m = cut_program_and_init_mutator(program, request);

	return is_applicable(&m, mutation) && mutation_table[mutation].apply(&m);
}

enum mutation mutate(struct program *program, const struct mutate_request *request)
{
	struct mutator m = cut_program_and_init_mutator(program, request);

	for (unsigned int i = 0; m.max_calls && i < DRAWS; i++) {
		enum mutation mutation = draw_mutation(&m);

		if (mutation_table[mutation].apply(&m))
			return mutation;
	}
	return MUTATION_COUNT;
}
