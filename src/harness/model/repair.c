/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Repairs a program in rounds: each round evaluates the program and changes all calls that break a rule.
 * Moving a call to another thread can cause new races, so after ROUNDS_THAT_MOVE rounds calls are only
 * dropped. The rounds end, because a round that only drops leaves fewer calls, and the empty program is
 * clean.
 */
#include "harness/model/repair.h"

#include <string.h>

#define ROUNDS_THAT_MOVE 3

/* Drops the calls of @must_drop and loads of uninitialised bytes; moves or drops the later calls of races. */
static void move_racing_and_drop_bad_calls(struct program *program, const struct rules *rules, bool may_move,
					   bool must_drop[PROGRAM_CALLS])
{
	const struct verdict *v = rules_verdict(rules);
	const struct access_log *access_log = rules_access_log(rules);
	size_t kept = 0;

	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		if (may_move)
			program->calls[race->second].thread = program->calls[race->first].thread;
		else
			must_drop[race->second] = true;
	}
	for (size_t i = 0; i < v->uninit_use_count; i++)
		must_drop[v->uninit_uses[i].call] = true;
	for (size_t i = 0; i < program->count; i++)
		if (!must_drop[i])
			program->calls[kept++] = program->calls[i];
	program->count = kept;
}

void repair_program_until_clean(struct program *program, struct rules *rules)
{
	for (unsigned int round = 0;; round++) {
		bool must_drop[PROGRAM_CALLS] = { false };

		rules_evaluate_past_fatal_calls(rules, program, must_drop);
		if (!rules_verdict(rules)->broken)
			return;
		move_racing_and_drop_bad_calls(program, rules, round < ROUNDS_THAT_MOVE, must_drop);
	}
}
