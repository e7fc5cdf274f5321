/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/mutate.h"

#include "harness/mutate/mutate_parts.h"
#include "harness/program/program_bytes.h"

const struct mutation_info mutation_table[MUTATION_COUNT] = {
#define MUTATION(name, find_mutation_weight, what)                                                 \
	[MUTATION_##name] = {#name, find_mutation_weight, what, mutate_##name},
#include "harness/mutate/mutations.def"
#undef MUTATION
};

/* A mutation that changes nothing is drawn again, at most this often. */
#define DRAWS 32

bool mutate_engine(struct mutator *m)
{
	uint8_t bytes[PROGRAM_BYTES_MAX];
	size_t size = program_to_bytes(m->program, bytes);

	if (!m->engine)
		return false;
	size = m->engine(bytes, size, m->max_calls * PROGRAM_RECORD);
	program_from_bytes(m->program, bytes, size);
	return true;
}

static unsigned int find_mutation_weight(const struct mutator *m, enum mutation mutation)
{
	return mutation == MUTATION_engine && !m->engine ? 0 : mutation_table[mutation].weight;
}

static enum mutation draw_mutation(struct mutator *m)
{
	unsigned int sum = 0;
	enum mutation mutation;
	uint32_t drawn_weight;

	for (mutation = 0; mutation < MUTATION_COUNT; mutation++)
		sum += find_mutation_weight(m, mutation);
	drawn_weight = random_below(&m->random_state, sum);
	for (mutation = 0; drawn_weight >= find_mutation_weight(m, mutation); mutation++)
		drawn_weight -= find_mutation_weight(m, mutation);
	return mutation;
}

static struct mutator init_mutator(struct program *program, const struct mutate_request *request)
{
	size_t most = request->max_calls < PROGRAM_CALLS ? request->max_calls : PROGRAM_CALLS;

	if (program->count > most)
		program->count = most;
	return (struct mutator){
		.program = program,
		.other = request->other && request->other->count ? request->other : program,
		.max_calls = most,
		.random_state = request->seed,
		.engine = request->engine,
	};
}

bool mutate_with(enum mutation mutation, struct program *program,
		 const struct mutate_request *request)
{
	struct mutator m = init_mutator(program, request);

	return m.max_calls && mutation_table[mutation].apply(&m);
}

enum mutation mutate(struct program *program, const struct mutate_request *request)
{
	struct mutator m = init_mutator(program, request);

	for (unsigned int i = 0; m.max_calls && i < DRAWS; i++) {
		enum mutation mutation = draw_mutation(&m);

		if (mutation_table[mutation].apply(&m))
			return mutation;
	}
	return MUTATION_COUNT;
}
