/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mutations of whole calls: insertion, removal, place, thread and order. */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

struct call_range mutate_pick_range(struct mutator *m, const struct program *program)
{
	size_t first = random_below(&m->random_state, program->count),
	       left = program->count - first;
	size_t most = random_once_in(&m->random_state, 2)   ? 1
		      : random_once_in(&m->random_state, 4) ? left
							    : 6;

	return (struct call_range){
		first, first + 1 + random_below(&m->random_state, most < left ? most : left)};
}

static void remove_calls(struct program *program, size_t at, size_t count)
{
	struct call *removed = program->calls + at;

	program->count -= count;
	memmove(removed, removed + count, (program->count - at) * sizeof(*removed));
}

/* Inserts copies of @count calls that are not in @program; the caller checks that there is space. */
static void insert_copies(struct program *program, size_t at, const struct call *copies, size_t count)
{
	struct call *inserted = program->calls + at;

	memmove(inserted + count, inserted, (program->count - at) * sizeof(*inserted));
	memcpy(inserted, copies, count * sizeof(*copies));
	program->count += count;
}

/* Returns the call that fills handles of that kind, or OP_COUNT: locks need none. */
static enum op find_filling_op(char letter)
{
	for (enum op op = 0; op < OP_COUNT; op++)
		if (op_table[op].argument_kinds[0] == (letter & ~0x20))
			return op;
	return OP_COUNT;
}

/* Later calls may need what such a call frees or waits for, so it is inserted at the end. */
static bool belongs_at_end(enum op op)
{
	return op == OP_free_page || op == OP_kunmap_local || op == OP_kmap_local ||
	       op == OP_lock || op == OP_wait;
}

static void insert_call(struct mutator *m, const struct call *call, size_t *at, struct abstract_state *state)
{
	insert_copies(m->program, (*at)++, call, 1);
	abstract_state_apply(state, call);
}

/* Inserts a call @op at @at, after calls that create the handles it needs, if there is space. */
static void insert_call_and_its_setup(struct mutator *m, enum op op, size_t *at,
				      struct abstract_state *state)
{
	struct call call;

	for (const char *kind = op_table[op].argument_kinds; *kind; kind++) {
		enum abstract_state_kind need = abstract_state_find_kind(*kind);
		enum op maker = op == OP_wait ? OP_post : find_filling_op(*kind);

		if (*kind & 0x20 && need < ABSTRACT_KINDS && !state->usable_handles[need] &&
		    maker < OP_COUNT && mutate_count_free_calls(m) > 1)
			insert_call_and_its_setup(m, maker, at, state);
	}
	if (!mutate_count_free_calls(m))
		return;
	mutate_make_call(m, &call, op, state);
	insert_call(m, &call, at, state);
}

bool mutate_insert(struct mutator *m)
{
	enum op op = random_below(&m->random_state, OP_COUNT);
	size_t at = m->program->count;
	uint32_t filled[ABSTRACT_KINDS];
	struct abstract_state state;

	if (!mutate_count_free_calls(m))
		return false;
	if (!random_once_in(&m->random_state, 3) &&
	    (!belongs_at_end(op) || random_once_in(&m->random_state, 8)))
		at = random_below(&m->random_state, at + 1);
	abstract_state_compute(&state, m->program, m->program->count);
	memcpy(filled, state.filled_handles, sizeof(filled));
	abstract_state_compute(&state, m->program, at);
	/*
	 * A handle that a later call fills counts as used, because that call could not fill it any
	 * more.
	 */
	for (unsigned int kind = 0; kind < ABSTRACT_KINDS; kind++)
		state.filled_handles[kind] |= filled[kind];
	insert_call_and_its_setup(m, op, &at, &state);
	return true;
}

bool mutate_remove(struct mutator *m)
{
	struct call_range run;

	if (m->program->count < 2)
		return false;
	run = mutate_pick_range(m, m->program);
	if (run.last - run.first == m->program->count)
		run.last--;
	remove_calls(m->program, run.first, run.last - run.first);
	return true;
}

bool mutate_duplicate(struct mutator *m)
{
	struct program *program = m->program;
	struct call copies[PROGRAM_CALLS];
	struct call_range run;
	size_t copied_count;

	if (!program->count || !mutate_count_free_calls(m))
		return false;
	run = mutate_pick_range(m, program);
	copied_count = run.last - run.first;
	if (copied_count > mutate_count_free_calls(m))
		copied_count = mutate_count_free_calls(m);
	memcpy(copies, program->calls + run.first, copied_count * sizeof(copies[0]));
	insert_copies(program, random_below(&m->random_state, program->count + 1), copies,
		      copied_count);
	return true;
}

/* Makes many mappings or references, which programs seldom reach call by call. */
bool mutate_repeat(struct mutator *m)
{
	struct program *program = m->program;
	uint32_t times = 1 + random_below(&m->random_state, 16);
	struct abstract_state state;
	struct call call;
	char letter;
	size_t insert_index;

	if (!program->count || !mutate_count_free_calls(m))
		return false;
	if (times > mutate_count_free_calls(m))
		times = (uint32_t)mutate_count_free_calls(m);
	insert_index = random_below(&m->random_state, program->count);
	call = program->calls[insert_index];
	letter = op_table[call.op].argument_kinds[0];
	/* Handles that later calls fill count as used: no call may lose its handle. */
	abstract_state_compute(&state, program, program->count);
	for (uint32_t done = 0; done < times; done++) {
		if (!(letter & 0x20)) {
			uint32_t free = mutate_find_unfilled_handles(&state, letter);

			if (!free)
				return done;
			call.handle[0] = (uint8_t)__builtin_ctz(free);
			state.filled_handles[abstract_state_find_kind(letter)] |= 1u
										  << call.handle[0];
		}
		insert_copies(program, ++insert_index, &call, 1);
	}
	return true;
}

/* Returns whether the call would be skipped if all calls ran in the order of the lines. */
static bool would_be_skipped(const struct abstract_state *state, const struct call *call)
{
	char handle_kinds[2];
	unsigned int count = mutate_find_handle_kinds(call, handle_kinds);

	for (unsigned int i = 0; i < count; i++) {
		bool filled = state->filled_handles[abstract_state_find_kind(handle_kinds[i])] &
			      1u << call->handle[i];

		if (filled != (bool)(handle_kinds[i] & 0x20))
			return true;
	}
	return false;
}

bool mutate_tidy(struct mutator *m)
{
	struct program *program = m->program;
	size_t kept = 0, count = program->count;
	struct abstract_state state;

	abstract_state_compute(&state, program, 0);
	for (size_t i = 0; i < count; i++) {
		const struct call *call = &program->calls[i];
		bool idle = would_be_skipped(&state, call);

		abstract_state_apply(&state, call);
		if (!idle)
			program->calls[kept++] = *call;
	}
	/* A program without any effect keeps its first call. */
	program->count = kept || !count ? kept : 1;
	return program->count < count;
}

bool mutate_move(struct mutator *m)
{
	struct program *program = m->program;
	struct call moved[PROGRAM_CALLS];
	struct call_range run;
	size_t count, at;

	if (program->count < 2)
		return false;
	run = mutate_pick_range(m, program);
	count = run.last - run.first;
	memcpy(moved, program->calls + run.first, count * sizeof(moved[0]));
	remove_calls(program, run.first, count);
	at = random_below(&m->random_state, program->count + 1);
	insert_copies(program, at, moved, count);
	return at != run.first;
}

bool mutate_thread(struct mutator *m)
{
	uint8_t thread = mutate_any_thread(m);
	bool changed = false;
	struct call_range run;

	if (!m->program->count)
		return false;
	run = mutate_pick_range(m, m->program);
	for (size_t i = run.first; i < run.last; i++) {
		changed |= m->program->calls[i].thread != thread;
		m->program->calls[i].thread = thread;
	}
	return changed;
}

/*
 * Interleaves the threads in another order; each thread keeps the order of its own calls. Each
 * place gets the next call of the thread that was drawn for the place.
 */
static bool interleave_calls(struct mutator *m, struct call *calls, size_t count)
{
	struct call old[PROGRAM_CALLS];
	uint8_t thread_order[PROGRAM_CALLS];
	size_t next[PROGRAM_THREADS] = { 0 };
	bool changed = false;

	for (size_t i = 0; i < count; i++)
		thread_order[i] = calls[i].thread;
	for (size_t i = count; i-- > 1;) {
		size_t with = random_below(&m->random_state, i + 1);
		uint8_t kept = thread_order[i];

		thread_order[i] = thread_order[with];
		thread_order[with] = kept;
	}
	memcpy(old, calls, count * sizeof(*calls));
	for (size_t i = 0; i < count; i++) {
		size_t *at = &next[thread_order[i]];

		while (old[*at].thread != thread_order[i])
			++*at;
		changed |= thread_order[i] != old[i].thread;
		calls[i] = old[(*at)++];
	}
	return changed;
}

bool mutate_order(struct mutator *m)
{
	struct program *program = m->program;
	struct call_range run;

	if (program->count < 2)
		return false;
	if (random_once_in(&m->random_state, 2)) {
		run = mutate_pick_range(m, program);
	} else {
		run.first = random_below(&m->random_state, program->count - 1);
		run.last = run.first + (program->count - run.first < 4 ? 2 : 4);
	}
	return interleave_calls(m, program->calls + run.first, run.last - run.first);
}

/* Mostly returns a handle that the program uses already, so that threads share it. */
static uint8_t pick_lock(struct mutator *m, char letter)
{
	return (uint8_t)(random_once_in(&m->random_state, 4) ?
				 random_below(&m->random_state, op_handle_count(letter)) :
				 0);
}

static bool insert_lock_around(struct mutator *m)
{
	struct call_range run = mutate_pick_range(m, m->program);
	struct call call = { .op = OP_unlock,
			     .thread = m->program->calls[run.first].thread,
			     .handle = { pick_lock(m, 'm') },
			     .expected_result = RESULT_NONE };

	insert_copies(m->program, run.last, &call, 1);
	call.op = OP_lock;
	insert_copies(m->program, run.first, &call, 1);
	return true;
}

static bool insert_signal(struct mutator *m)
{
	const struct call *calls = m->program->calls;
	size_t first = random_below(&m->random_state, m->program->count);
	size_t last = first + random_below(&m->random_state, m->program->count - first);
	uint8_t first_thread = calls[first].thread;
	struct call call = { .op = OP_wait,
			     .thread = calls[last].thread,
			     .handle = { pick_lock(m, 's') },
			     .expected_result = RESULT_NONE };

	if (first_thread == call.thread)
		return false;
	insert_copies(m->program, last, &call, 1);
	call.op = OP_post;
	call.thread = first_thread;
	insert_copies(m->program, first + 1, &call, 1);
	return true;
}

bool mutate_sync(struct mutator *m)
{
	if (!m->program->count || mutate_count_free_calls(m) < 2)
		return false;
	return random_once_in(&m->random_state, 2) ? insert_lock_around(m) : insert_signal(m);
}

/*
 * Mappings must be ended newest first, which single inserted calls seldom achieve. A wrong older
 * mapping is noticed only while a newer one is live.
 */
bool mutate_nest(struct mutator *m)
{
	uint32_t times =
		(random_once_in(&m->random_state, 3) ? 14 : 1) + random_below(&m->random_state, 3);
	struct call call = { .expected_result = RESULT_NONE };
	struct abstract_state state;
	struct call_range run;
	uint32_t free_handles;

	if (!m->program->count)
		return false;
	run = mutate_pick_range(m, m->program);
	abstract_state_compute(&state, m->program, m->program->count);
	free_handles = mutate_find_unfilled_handles(&state, 'K');
	abstract_state_compute(&state, m->program, run.first);
	if (!state.usable_handles[ABSTRACT_PAGE] || !free_handles || mutate_count_free_calls(m) < 2)
		return false;
	call.thread = m->program->calls[run.first].thread;
	for (; times && free_handles && mutate_count_free_calls(m) >= 2;
	     times--, free_handles &= free_handles - 1, run.last += 2) {
		call.handle[0] = (uint8_t)__builtin_ctz(free_handles);
		call.handle[1] = 0;
		call.op = OP_kunmap_local;
		insert_copies(m->program, run.last, &call, 1);
		call.handle[1] =
			random_set_bit_index(&m->random_state, state.usable_handles[ABSTRACT_PAGE]);
		call.op = OP_kmap_local;
		insert_copies(m->program, run.first, &call, 1);
	}
	return true;
}
