/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "tool/to_c/to_c_parts.h"

static void add_step(struct c_plan *plan, const struct program *program, size_t call,
		     enum c_outcome outcome, const struct step *step)
{
	uint8_t thread = program->calls[call].thread;

	plan->steps[plan->count++] =
		(struct c_step){ (uint16_t)call, plan->regions, outcome, step };
	if (thread == THREAD_MAIN) {
		plan->regions++;
		return;
	}
	plan->threads |= 1u << thread;
	plan->threads_of[plan->regions] |= (uint16_t)(1u << thread);
	plan->last_region[thread] = plan->regions;
}

/* Only what waits for a lock or a semaphore can be tried; the rest waits for that. */
static void add_blocked(struct c_plan *plan, const struct program *program,
			const struct rules *rules)
{
	struct blocked blocked[PROGRAM_THREADS];
	size_t count = cause_find_deadlock(program, rules, blocked);

	for (size_t i = 0; i < count; i++)
		if (blocked[i].why == BLOCKED_MUTEX || blocked[i].why == BLOCKED_SEMAPHORE)
			add_step(plan, program, blocked[i].call, C_BLOCKED, NULL);
}

/* ---- what is shared ---- */

struct lookers {
	unsigned int all, fillers; /* threads, bits */
};

static void look_at(struct lookers lookers[128][PROGRAM_MAPS], const struct call *call)
{
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++) {
		struct lookers *l;

		if (!op_handle_count(*kind))
			continue;
		l = &lookers[*kind | 0x20][call->handle[handles++]];
		l->all |= 1u << call->thread;
		if (*kind >= 'A' && *kind <= 'Z')
			l->fillers |= 1u << call->thread;
	}
}

/*
 * A variable that main fills is ordered before who reads it. A reader of user memory moves
 * with each call, so there more than one who looks is enough.
 */
static void find_shared(struct c_plan *plan, const struct program *program)
{
	static struct lookers lookers[128][PROGRAM_MAPS];
	const unsigned int main_bit = 1u << THREAD_MAIN;

	memset(lookers, 0, sizeof(lookers));
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].outcome != C_SKIPPED)
			look_at(lookers, &program->calls[plan->steps[i].call]);
	for (unsigned int kind = 'a'; kind <= 'z'; kind++)
		for (unsigned int h = 0; h < PROGRAM_MAPS; h++) {
			unsigned int threads = lookers[kind][h].all & ~main_bit;
			bool several = threads & (threads - 1u);

			plan->shared[kind][h] =
				several && (kind == 'u' || (lookers[kind][h].fillers & ~main_bit));
		}
}

size_t c_plan_maps_left(const struct c_plan *plan, const struct program *program, uint8_t thread,
			uint8_t maps[PROGRAM_MAPS])
{
	uint8_t live[PROGRAM_MAPS];
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct call *call = &program->calls[plan->steps[i].call];

		if (plan->steps[i].outcome != C_RUNS || call->thread != thread)
			continue;
		if (call->op == OP_kmap_local)
			live[count++] = call->handle[0];
		else if (call->op == OP_kunmap_local)
			count--;
	}
	for (size_t i = 0; i < count; i++)
		maps[i] = live[count - 1 - i];
	return count;
}

void c_plan_make(struct c_plan *plan, const struct program *program, const struct rules *rules)
{
	const struct trace *trace = rules_trace(rules);
	const struct verdict *v = rules_verdict(rules);
	uint8_t maps[PROGRAM_MAPS];

	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < trace->count; i++)
		add_step(plan, program, trace->steps[i].call,
			 trace->steps[i].skipped ? C_SKIPPED : C_RUNS, &trace->steps[i]);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock) {
		add_blocked(plan, program, rules);
	} else if (v->fatal_call != VERDICT_NONE) {
		add_step(plan, program, v->fatal_call, C_FATAL, NULL);
		plan->fatal = true;
	}
	find_shared(plan, program);
	/* A pthread that ends unmaps what it has, which the program did not say. */
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		plan->keeps_maps[t] = c_plan_maps_left(plan, program, t, maps) > 0;
}
