/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Inserts calls of another program into the program:
 *
 * 1. A range of calls is copied, with the earlier calls that fill the handles of copied calls.
 * 2. Each handle of the copied calls gets a different new name. Either the program does not use the new name,
 *    or the program has filled the handle with this name before the insertion. A handle that the program has
 *    filled is shared: the copied call that would fill it is left out.
 * 3. As a result, each copied call uses handles that a copied call fills, or shared handles. The program's
 *    own calls use the same pages, mappings and user slices as before.
 */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define NAMELESS 0xff

struct splice {
	size_t copied_count; /* of copied_calls */
	struct call copied_calls[PROGRAM_CALLS];
	uint32_t taken_names[HANDLE_KINDS];         /* bits: names that the program or a copied call uses */
	uint32_t shareable_names[HANDLE_KINDS];     /* bits: filled handles of the program, not yet shared */
	uint32_t handles_made_shared[HANDLE_KINDS]; /* bits: old names of handles that are now shared */
	uint8_t new_handle_names[HANDLE_KINDS][PROGRAM_MAPS]; /* index: old name; NAMELESS: none yet */
};

/* ---- the calls to insert ---- */

/* Returns whether the first handle of the call is one of @handles, and the call fills this handle. */
static bool fills_one_of_handles(const struct call *call, const uint32_t handles[HANDLE_KINDS])
{
	return op_fills_handle(call->op) &&
	       handles[op_handle_kind_of_letter(op_table[call->op].argument_kinds[0])] &
		       1u << call->handle[0];
}

/* Copies the range, and the earlier calls that fill handles which copied calls use. */
static void copy_range_and_fillers(struct splice *s, const struct program *from, struct call_range range)
{
	uint32_t used_handles[HANDLE_KINDS] = { 0 };
	bool is_copied[PROGRAM_CALLS];
	size_t end = range.first + range.count;

	for (size_t i = end; i-- > 0;) {
		struct call_handle handles[2];
		unsigned int count = call_get_handles(&from->calls[i], handles);

		is_copied[i] = i >= range.first || fills_one_of_handles(&from->calls[i], used_handles);
		for (unsigned int n = 0; is_copied[i] && n < count; n++)
			if (!handles[n].must_be_free)
				used_handles[handles[n].kind] |= 1u << handles[n].index;
	}
	s->copied_count = 0;
	for (size_t i = 0; i < end; i++)
		if (is_copied[i])
			s->copied_calls[s->copied_count++] = from->calls[i];
}

/* ---- new names of handles and threads ---- */

static void init_handle_names(struct splice *s, const struct program *program, size_t at)
{
	struct abstract_state state;

	abstract_state_compute(&state, program, at);
	memset(s->new_handle_names, NAMELESS, sizeof(s->new_handle_names));
	memset(s->handles_made_shared, 0, sizeof(s->handles_made_shared));
	memset(s->taken_names, 0, sizeof(s->taken_names));
	for (size_t i = 0; i < program->count; i++) {
		struct call_handle handles[2];
		unsigned int count = call_get_handles(&program->calls[i], handles);

		for (unsigned int n = 0; n < count; n++)
			s->taken_names[handles[n].kind] |= 1u << handles[n].index;
	}
	memcpy(s->shareable_names, state.filled_handles, sizeof(s->shareable_names));
}

/* Chooses a new name for a handle that has no new name yet. Return: false if no name is left. */
static bool choose_handle_name(struct mutator *m, struct splice *s, const struct call_handle *handle,
			       bool prefers_sharing)
{
	enum handle_kind kind = handle->kind;
	uint32_t unused_names = mutate_get_handle_mask(kind) & ~s->taken_names[kind];
	uint8_t *name = &s->new_handle_names[kind][handle->index];

	if (*name != NAMELESS)
		return true;
	if (!unused_names && !s->shareable_names[kind])
		return false;
	if (unused_names && !(prefers_sharing && s->shareable_names[kind])) {
		*name = (uint8_t)__builtin_ctz(unused_names);
	} else {
		*name = draw_set_bit_index(m, s->shareable_names[kind]);
		s->handles_made_shared[kind] |= 1u << handle->index;
	}
	s->taken_names[kind] |= 1u << *name;
	s->shareable_names[kind] &= ~(1u << *name);
	return true;
}

/*
 * Gives the handles of each copied call their new names; drops copied calls that would fill a shared handle.
 * Return: false if no name or no call is left.
 */
static bool rename_handles_and_drop_fillers(struct mutator *m, struct splice *s)
{
	bool prefers_sharing = draw_once_in(m, 2);
	size_t kept = 0;

	for (size_t i = 0; i < s->copied_count; i++) {
		struct call *call = &s->copied_calls[i], renamed = *call;
		struct call_handle handles[2];
		unsigned int count = call_get_handles(call, handles);

		for (unsigned int n = 0; n < count; n++) {
			if (!choose_handle_name(m, s, &handles[n], prefers_sharing))
				return false;
			renamed.handle[n] = s->new_handle_names[handles[n].kind][handles[n].index];
		}
		if (!fills_one_of_handles(call, s->handles_made_shared))
			s->copied_calls[kept++] = renamed;
	}
	s->copied_count = kept;
	return kept;
}

/* Adds the same random distance, often 0, to the thread numbers of all copied calls, except calls of main. */
static void rotate_threads(struct mutator *m, struct splice *s)
{
	uint32_t turn = draw_once_in(m, 2) ? 0 : draw_below(m, 3);

	for (struct call *call = s->copied_calls; call < s->copied_calls + s->copied_count; call++)
		if (call->thread != THREAD_MAIN)
			call->thread = (uint8_t)(1 + (call->thread - 1 + turn) % (PROGRAM_THREADS - 1));
}

/* ---- the insertion ---- */

/*
 * Inserts the copied calls at @at in one piece, or mixes them with the program's calls from @at on. If there
 * are too many calls, calls at the end of the program are cut.
 */
static void insert_or_mix_copied_calls(struct mutator *m, const struct splice *s, size_t at)
{
	struct program *program = m->program;
	struct call tail[PROGRAM_CALLS];
	size_t left = program->count - at, taken = 0, inserted = 0;
	bool must_mix_with_tail = draw_once_in(m, 2);

	if (left > m->max_calls - at - s->copied_count)
		left = m->max_calls - at - s->copied_count;
	memcpy(tail, program->calls + at, left * sizeof(tail[0]));
	program->count = at + left + s->copied_count;
	for (; at < program->count; at++) {
		bool is_insertion = inserted < s->copied_count &&
				    (taken == left || !must_mix_with_tail || draw_once_in(m, 2));

		program->calls[at] = is_insertion ? s->copied_calls[inserted++] : tail[taken++];
	}
}

bool mutate_splice(struct mutator *m)
{
	struct splice s;
	size_t last_insert_index, at;

	if (!m->other->count)
		return false;
	copy_range_and_fillers(&s, m->other, mutate_draw_call_range(m, m->other));
	if (s.copied_count > m->max_calls)
		return false;
	last_insert_index = number_min(m->max_calls - s.copied_count, m->program->count);
	at = draw_below(m, last_insert_index + 1);
	init_handle_names(&s, m->program, at);
	if (!rename_handles_and_drop_fillers(m, &s))
		return false;
	rotate_threads(m, &s);
	insert_or_mix_copied_calls(m, &s, at);
	return true;
}
