/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Random programs of a few calls, whose orders and interleavings can be searched without reduction. */
#pragma once

#include "harness/mutate/mutate_parts.h"
#include "tests/random_program.h"

#define SMALL_PROGRAM 16 /* the most calls of a small program */

/* How small programs are made. */
struct small_program_kind {
	const char *calls_of_main; /* which come first */
	const enum op *ops;        /* seven of eight other calls are of these; NULL: they are of all ops */
	size_t op_count;
};

/* Makes @calls_per_thread calls of each of @thread_count threads that fit the state of the program. */
static inline void make_small_program(uint64_t *seed, struct program *program,
				      const struct small_program_kind *kind, unsigned int thread_count,
				      unsigned int calls_per_thread)
{
	struct mutator m = { program, program, SMALL_PROGRAM, random_next(seed), NULL };
	struct abstract_state state;

	parse_calls_or_exit(program, kind->calls_of_main);
	for (unsigned int i = 0; i < thread_count * calls_per_thread; i++) {
		struct call *call = &program->calls[program->count];
		bool is_any = !kind->ops || draw_once_in(&m, 8);

		abstract_state_compute(&state, program, program->count);
		mutate_make_call(&m, call,
				 is_any ? (enum op)draw_below(&m, OP_COUNT) :
					  kind->ops[draw_below(&m, kind->op_count)],
				 &state);
		call->thread = (uint8_t)(1 + i % thread_count);
		for (unsigned int n = 0; n < 2; n++)
			if (random_once_in(seed, 2) && call_valid(call) && call->number[n] > 64)
				call->number[n] %= 32;
		program->count += call_valid(call);
	}
}
