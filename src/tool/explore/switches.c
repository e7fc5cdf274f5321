/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/switches.h"

#include <stdio.h>

/* What a thread is about to do at a point of each kind, for "stops before ...". */
static const char *const point_texts[] = {
	[POINT_NONE] = "a point",
	[POINT_LOAD] = "an atomic load",
	[POINT_STORE] = "an atomic store",
	[POINT_UPDATE] = "an atomic update",
	[POINT_SPIN_LOCK] = "it takes a lock",
	[POINT_MUTEX_LOCK] = "it takes a mutex or a handle",
	[POINT_MUTEX_UNLOCK] = "it releases a mutex or a handle",
	[POINT_PROGRAM_LOCK] = "lock()",
	[POINT_PROGRAM_UNLOCK] = "unlock()",
	[POINT_POST] = "post()",
	[POINT_WAIT] = "wait()",
	[POINT_CHANGE] = "it reads a value again",
};

/*
 * Return: whether the thread that ran before has ended: it cannot go on, and waits for nothing. A thread that
 * ended after its last point was a lock or wait counts as stopped.
 */
static bool has_ended(const struct decision *decision)
{
	bool can_wait = decision->stopped_kind == POINT_SPIN_LOCK ||
			decision->stopped_kind == POINT_MUTEX_LOCK ||
			decision->stopped_kind == POINT_PROGRAM_LOCK ||
			decision->stopped_kind == POINT_WAIT || decision->stopped_kind == POINT_CHANGE;

	return decision->running != NO_THREAD && !(decision->enabled & 1u << decision->running) && !can_wait;
}

void switches_find(const struct interleaving *interleaving, struct switches *switches)
{
	switches->count = 0;
	for (size_t i = 0; i < interleaving->decision_count; i++) {
		const struct decision *decision = &interleaving->decisions[i];
		struct moment moment = { .enabled = decision->enabled, .running = decision->running };

		if (decision->chosen == strategy_default_choice(&moment))
			continue;
		switches->items[switches->count++] = (struct thread_switch){
			.thread = decision->running,
			.next = decision->chosen,
			.stopped_kind = decision->stopped_kind,
			.has_ended = has_ended(decision),
			.call = decision->stopped_call,
			.next_call = decision->call,
		};
	}
}

static const char *find_call_name(const struct program *program, uint16_t call)
{
	return op_table[program->calls[call].op].name;
}

void switches_print(const struct program *program, const struct switches *switches)
{
	for (size_t i = 0; i < switches->count; i++) {
		const struct thread_switch *one = &switches->items[i];

		if (one->thread == NO_THREAD)
			printf("  %s begins", thread_name(one->next));
		else if (one->has_ended)
			printf("  %s ends after %s of line %u; %s goes on", thread_name(one->thread),
			       find_call_name(program, one->call), program->calls[one->call].line,
			       thread_name(one->next));
		else
			printf("  %s stops in %s of line %u before %s; %s goes on", thread_name(one->thread),
			       find_call_name(program, one->call), program->calls[one->call].line,
			       point_texts[one->stopped_kind], thread_name(one->next));
		printf(" with %s of line %u\n", find_call_name(program, one->next_call),
		       program->calls[one->next_call].line);
	}
}

void switches_write_json(struct json *json, const struct program *program, const struct switches *switches)
{
	json_begin_array(json, "switches");
	for (size_t i = 0; i < switches->count; i++) {
		const struct thread_switch *one = &switches->items[i];
		bool has_thread = one->thread != NO_THREAD;

		json_begin_object(json, NULL);
		json_text(json, "thread", has_thread ? thread_name(one->thread) : NULL);
		json_text(json, "call", has_thread ? find_call_name(program, one->call) : NULL);
		json_number(json, "line", has_thread ? program->calls[one->call].line : 0);
		json_text(json, "before",
			  has_thread && !one->has_ended ? point_texts[one->stopped_kind] : NULL);
		json_text(json, "next", thread_name(one->next));
		json_text(json, "next_call", find_call_name(program, one->next_call));
		json_number(json, "next_line", program->calls[one->next_call].line);
		json_end(json);
	}
	json_end(json);
}
