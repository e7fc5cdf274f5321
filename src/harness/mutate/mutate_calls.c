/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Mutations of whole calls: insertion, removal, place, thread and order. */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

struct call_range mutate_draw_call_range(struct mutator *m, const struct program *program)
{
	size_t first = draw_below(m, program->count), left = program->count - first;
	size_t most = draw_once_in(m, 2) ? 1 : draw_once_in(m, 4) ? left : 6;

	return (struct call_range){ first, 1 + draw_below(m, most < left ? most : left) };
}

static void remove_calls(struct program *program, struct call_range range)
{
	struct call *removed = program->calls + range.first;

	program->count -= range.count;
	memmove(removed, removed + range.count, (program->count - range.first) * sizeof(*removed));
}

/* Inserts copies of @calls, which must not be part of @program; the caller checks that the copies fit. */
static void insert_calls_at(struct program *program, size_t at, const struct call *calls, size_t count)
{
	struct call *inserted = program->calls + at;

	memmove(inserted + count, inserted, (program->count - at) * sizeof(*inserted));
	memcpy(inserted, calls, count * sizeof(*calls));
	program->count += count;
}

static void insert_calls_around(struct program *program, struct call_range range,
				const struct call *call_before, const struct call *call_after)
{
	insert_calls_at(program, range.first + range.count, call_after, 1);
	insert_calls_at(program, range.first, call_before, 1);
}

/* Returns the op that fills handles with this letter (ops.def); OP_COUNT for a mutex or semaphore. */
static enum op find_filling_op(char handle_letter)
{
	for (enum op op = 0; op < OP_COUNT; op++)
		if (op_table[op].argument_kinds[0] == (handle_letter & ~0x20))
			return op;
	return OP_COUNT;
}

/*
 * Returns whether a new call @op is mostly inserted at the end. In the middle, such a call would often
 * disturb later calls, which use what it frees, locks or waits for.
 */
static bool belongs_mostly_at_end(enum op op)
{
	return op == OP_free_page || op == OP_kunmap_local || op == OP_kmap_local || op == OP_lock ||
	       op == OP_wait;
}

/*
 * Inserts a call @op at @at and, before it, calls that fill the handles that it needs, as far as there is
 * space.
 */
static void insert_call_and_its_setup(struct mutator *m, enum op op, size_t *at, struct abstract_state *state)
{
	struct call call;

	for (const char *letter = op_table[op].argument_kinds; *letter; letter++) {
		enum handle_kind need = op_handle_kind_of_letter(*letter);
		enum op maker = op == OP_wait ? OP_post : find_filling_op(*letter);

		if (*letter & 0x20 && need < HANDLE_KINDS && !state->usable_handles[need] &&
		    maker < OP_COUNT && mutate_count_insertable_calls(m) > 1)
			insert_call_and_its_setup(m, maker, at, state);
	}
	if (!mutate_count_insertable_calls(m))
		return;
	mutate_make_call(m, &call, op, state);
	insert_calls_at(m->program, (*at)++, &call, 1);
	abstract_state_apply_call(state, &call);
}

bool mutate_insert(struct mutator *m)
{
	enum op op = draw_below(m, OP_COUNT);
	size_t at = m->program->count;
	struct abstract_state state, state_at_end;

	if (!draw_once_in(m, 3) && (!belongs_mostly_at_end(op) || draw_once_in(m, 8)))
		at = draw_below(m, at + 1);
	abstract_state_compute(&state_at_end, m->program, m->program->count);
	abstract_state_compute(&state, m->program, at);
	/* Handles that later calls fill count as filled, so that the new call does not fill these handles. */
	memcpy(state.filled_handles, state_at_end.filled_handles, sizeof(state.filled_handles));
	insert_call_and_its_setup(m, op, &at, &state);
	return true;
}

bool mutate_remove(struct mutator *m)
{
	struct call_range range = mutate_draw_call_range(m, m->program);

	range.count -= range.count == m->program->count;
	remove_calls(m->program, range);
	return true;
}

bool mutate_duplicate(struct mutator *m)
{
	struct program *program = m->program;
	struct call copies[PROGRAM_CALLS];
	struct call_range range = mutate_draw_call_range(m, program);

	if (range.count > mutate_count_insertable_calls(m))
		range.count = mutate_count_insertable_calls(m);
	memcpy(copies, program->calls + range.first, range.count * sizeof(copies[0]));
	insert_calls_at(program, draw_below(m, program->count + 1), copies, range.count);
	return true;
}

/* Repeats a call: this makes many mappings or references, which single insertions seldom make. */
bool mutate_repeat(struct mutator *m)
{
	struct program *program = m->program;
	uint32_t times = 1 + draw_below(m, 16);
	size_t insert_index = draw_below(m, program->count);
	struct call call = program->calls[insert_index];
	enum handle_kind kind = op_handle_kind_of_letter(op_table[call.op].argument_kinds[0]);
	struct abstract_state state;

	/*
	 * Handles that later calls fill count as filled: if a new call filled them, the later calls would be
	 * skipped.
	 */
	abstract_state_compute(&state, program, program->count);
	for (uint32_t done = 0; done < times && mutate_count_insertable_calls(m); done++) {
		if (op_fills_handle(call.op)) {
			uint32_t free = mutate_find_unfilled_handles(&state, kind);

			if (!free)
				return done;
			call.handle[0] = (uint8_t)__builtin_ctz(free);
			state.filled_handles[kind] |= free & -free;
		}
		insert_calls_at(program, ++insert_index, &call, 1);
	}
	return true;
}

/* Returns whether each handle of the call is filled, or free, as the call requires. */
static bool has_handles_filled_as_required(const struct abstract_state *state, const struct call *call)
{
	struct call_handle handles[2];
	unsigned int count = call_get_handles(call, handles);

	for (unsigned int i = 0; i < count; i++)
		if (handles[i].must_be_free ==
		    (state->filled_handles[handles[i].kind] >> handles[i].index & 1))
			return false;
	return true;
}

/* Removes calls that would be skipped if all calls ran in the order of the lines. */
bool mutate_tidy(struct mutator *m)
{
	struct program *program = m->program;
	size_t kept = 0, count = program->count;
	struct abstract_state state;

	abstract_state_compute(&state, program, 0);
	for (size_t i = 0; i < count; i++) {
		const struct call *call = &program->calls[i];
		bool has_effect = has_handles_filled_as_required(&state, call);

		abstract_state_apply_call(&state, call);
		if (has_effect)
			program->calls[kept++] = *call;
	}
	/* If no call has an effect, one call is kept. */
	program->count = kept ? kept : 1;
	return program->count < count;
}

bool mutate_move(struct mutator *m)
{
	struct program *program = m->program;
	struct call moved[PROGRAM_CALLS];
	struct call_range range = mutate_draw_call_range(m, program);
	size_t insert_index;

	memcpy(moved, program->calls + range.first, range.count * sizeof(moved[0]));
	remove_calls(program, range);
	insert_index = draw_below(m, program->count + 1);
	insert_calls_at(program, insert_index, moved, range.count);
	return insert_index != range.first;
}

bool mutate_thread(struct mutator *m)
{
	uint8_t thread = mutate_draw_thread(m);
	struct call_range range = mutate_draw_call_range(m, m->program);
	bool has_changed = false;

	for (struct call *call = m->program->calls + range.first; range.count--; call++) {
		has_changed |= call->thread != thread;
		call->thread = thread;
	}
	return has_changed;
}

/*
 * Interleaves the threads in a random order; each thread keeps the order of its own calls. Return: whether
 * the order changed.
 */
static bool shuffle_interleaving(struct mutator *m, struct call *calls, size_t count)
{
	struct call old[PROGRAM_CALLS];
	uint8_t thread_order[PROGRAM_CALLS];
	size_t next[PROGRAM_THREADS] = { 0 };
	bool has_changed = false;

	for (size_t i = 0; i < count; i++)
		thread_order[i] = calls[i].thread;
	for (size_t i = count; i-- > 1;) {
		size_t with = draw_below(m, i + 1);
		uint8_t kept = thread_order[i];

		thread_order[i] = thread_order[with];
		thread_order[with] = kept;
	}
	memcpy(old, calls, count * sizeof(*calls));
	for (size_t i = 0; i < count; i++) {
		size_t *at = &next[thread_order[i]];

		while (old[*at].thread != thread_order[i])
			++*at;
		has_changed |= thread_order[i] != old[i].thread;
		calls[i] = old[(*at)++];
	}
	return has_changed;
}

bool mutate_order(struct mutator *m)
{
	struct program *program = m->program;
	struct call_range range;

	if (draw_once_in(m, 2)) {
		range = mutate_draw_call_range(m, program);
	} else {
		range.first = draw_below(m, program->count - 1);
		range.count = program->count - range.first < 4 ? 2 : 4;
	}
	return shuffle_interleaving(m, program->calls + range.first, range.count);
}

/* Mostly returns handle 0, so that several threads use the same mutex or semaphore. */
static uint8_t draw_mostly_first_handle(struct mutator *m, enum handle_kind kind)
{
	return draw_once_in(m, 4) ? draw_set_bit_index(m, mutate_get_handle_mask(kind)) : 0;
}

static struct call make_call_on_handle(enum op op, uint8_t thread, uint8_t handle)
{
	return (struct call){
		.op = (uint8_t)op, .thread = thread, .handle = { handle }, .expected_result = RESULT_NONE
	};
}

static bool insert_lock_and_unlock(struct mutator *m)
{
	struct call_range range = mutate_draw_call_range(m, m->program);
	uint8_t thread = m->program->calls[range.first].thread,
		mutex = draw_mostly_first_handle(m, HANDLE_MUTEX);
	struct call lock = make_call_on_handle(OP_lock, thread, mutex);
	struct call unlock = make_call_on_handle(OP_unlock, thread, mutex);

	insert_calls_around(m->program, range, &lock, &unlock);
	return true;
}

static bool insert_post_and_wait(struct mutator *m)
{
	const struct call *calls = m->program->calls;
	size_t first = draw_below(m, m->program->count);
	size_t last = first + draw_below(m, m->program->count - first);
	uint8_t semaphore = draw_mostly_first_handle(m, HANDLE_SEMAPHORE);
	struct call post = make_call_on_handle(OP_post, calls[first].thread, semaphore);
	struct call wait = make_call_on_handle(OP_wait, calls[last].thread, semaphore);

	if (post.thread == wait.thread)
		return false;
	insert_calls_around(m->program, (struct call_range){ first + 1, last - first - 1 }, &post, &wait);
	return true;
}

bool mutate_sync(struct mutator *m)
{
	return draw_once_in(m, 2) ? insert_lock_and_unlock(m) : insert_post_and_wait(m);
}

/*
 * Inserts nested pairs of map and unmap, which single insertions seldom make: a thread must unmap its newest
 * mapping first. Some bugs with an older mapping occur only while a newer mapping is live.
 */
bool mutate_nest(struct mutator *m)
{
	uint32_t times = (draw_once_in(m, 3) ? 14 : 1) + draw_below(m, 3);
	struct call_range range = mutate_draw_call_range(m, m->program);
	uint8_t thread = m->program->calls[range.first].thread;
	struct abstract_state state;
	uint32_t unfilled_map_handles;

	abstract_state_compute(&state, m->program, m->program->count);
	unfilled_map_handles = mutate_find_unfilled_handles(&state, HANDLE_MAP);
	abstract_state_compute(&state, m->program, range.first);
	if (!state.usable_handles[HANDLE_PAGE] || !unfilled_map_handles)
		return false;
	for (; times && unfilled_map_handles && mutate_count_insertable_calls(m) >= 2;
	     times--, range.count += 2) {
		uint8_t handle = (uint8_t)__builtin_ctz(unfilled_map_handles);
		struct call map = make_call_on_handle(OP_kmap_local, thread, handle);
		struct call unmap = make_call_on_handle(OP_kunmap_local, thread, handle);

		unfilled_map_handles &= unfilled_map_handles - 1;
		map.handle[1] = draw_set_bit_index(m, state.usable_handles[HANDLE_PAGE]);
		insert_calls_around(m->program, range, &map, &unmap);
	}
	return true;
}
