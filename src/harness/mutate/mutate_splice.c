/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Inserts calls of one program into another:
 *
 * 1. A run of calls is copied with the earlier calls that fill the handles it uses, and the calls
 *    that those use.
 * 2. Each handle gets a new name, and no two handles the same one. The name may be unused in the
 *    program: then the copied calls use a resource of their own. Or it is the name of a resource
 *    that the program has at that place: then both share it, and the call that filled the handle is
 *    left out.
 * 3. So each copied call uses what the same call filled before, or a shared resource. The program's
 *    own calls use the same resources as before.
 */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#include "harness/util/number.h"

#define NAMELESS 0xff

struct splice {
	size_t call_count;
	struct call calls[PROGRAM_CALLS];
	uint32_t taken_names[HANDLE_KINDS]; /* names that the program uses, or that were given out
					     */
	/* names of resources that can be shared, and were not given out */
	uint32_t shareable_names[HANDLE_KINDS];
	uint32_t shared_handles[HANDLE_KINDS]; /* handles that share a resource of the program */
	uint8_t new_names[HANDLE_KINDS][PROGRAM_MAPS];
};

/* ---- the calls to insert ---- */

/* Returns whether the first handle of the call is one of @handles, and the call fills it. */
static bool fills_one_of(const struct call *call, const uint32_t handles[HANDLE_KINDS])
{
	return op_fills_handle(call->op) &&
	       handles[op_handle_kind(op_table[call->op].argument_kinds[0])] &
		       1u << call->handle[0];
}

/* Copies the run, and the earlier calls that fill the handles it uses. */
static void copy_calls(struct splice *s, const struct program *from, struct call_range run)
{
	uint32_t used_handles[HANDLE_KINDS] = {0};
	bool is_copied[PROGRAM_CALLS];
	size_t end = run.first + run.count;

	for (size_t i = end; i-- > 0;) {
		struct call_handle handles[2];
		unsigned int count = call_get_handles(&from->calls[i], handles);

		is_copied[i] = i >= run.first || fills_one_of(&from->calls[i], used_handles);
		for (unsigned int n = 0; is_copied[i] && n < count; n++)
			if (!handles[n].must_be_free)
				used_handles[handles[n].kind] |= 1u << handles[n].index;
	}
	s->call_count = 0;
	for (size_t i = 0; i < end; i++)
		if (is_copied[i])
			s->calls[s->call_count++] = from->calls[i];
}

/* ---- new names of handles and threads ---- */

static void init_names(struct splice *s, const struct program *program, size_t at)
{
	struct abstract_state state;

	abstract_state_compute(&state, program, at);
	memset(s->new_names, NAMELESS, sizeof(s->new_names));
	memset(s->shared_handles, 0, sizeof(s->shared_handles));
	memset(s->taken_names, 0, sizeof(s->taken_names));
	for (size_t i = 0; i < program->count; i++) {
		struct call_handle handles[2];
		unsigned int count = call_get_handles(&program->calls[i], handles);

		for (unsigned int n = 0; n < count; n++)
			s->taken_names[handles[n].kind] |= 1u << handles[n].index;
	}
	memcpy(s->shareable_names, state.filled_handles, sizeof(s->shareable_names));
}

/* Return: false if no name is left. */
static bool choose_name(struct mutator *m, struct splice *s, const struct call_handle *handle,
			bool must_share)
{
	enum handle_kind kind = handle->kind;
	uint32_t unused_names = mutate_all_handles(kind) & ~s->taken_names[kind];
	uint8_t *name = &s->new_names[kind][handle->index];

	if (*name != NAMELESS)
		return true;
	if (!unused_names && !s->shareable_names[kind])
		return false;
	if (unused_names && !(must_share && s->shareable_names[kind])) {
		*name = (uint8_t)__builtin_ctz(unused_names);
	} else {
		*name = draw_bit_index(m, s->shareable_names[kind]);
		s->shared_handles[kind] |= 1u << handle->index;
	}
	s->taken_names[kind] |= 1u << *name;
	s->shareable_names[kind] &= ~(1u << *name);
	return true;
}

/* Gives each call its new names; drops calls that filled a handle that is now shared. */
static bool rename_handles(struct mutator *m, struct splice *s)
{
	bool must_share = draw_once_in(m, 2);
	size_t kept = 0;

	for (size_t i = 0; i < s->call_count; i++) {
		struct call *call = &s->calls[i], renamed = *call;
		struct call_handle handles[2];
		unsigned int count = call_get_handles(call, handles);

		for (unsigned int n = 0; n < count; n++) {
			if (!choose_name(m, s, &handles[n], must_share))
				return false;
			renamed.handle[n] = s->new_names[handles[n].kind][handles[n].index];
		}
		if (!fills_one_of(call, s->shared_handles))
			s->calls[kept++] = renamed;
	}
	s->call_count = kept;
	return kept;
}

/* Rotates all threads except main by the same number. */
static void rename_threads(struct mutator *m, struct splice *s)
{
	uint32_t turn = draw_once_in(m, 2) ? 0 : draw_below(m, 3);

	for (struct call *call = s->calls; call < s->calls + s->call_count; call++)
		if (call->thread != THREAD_MAIN)
			call->thread =
				(uint8_t)(1 + (call->thread - 1 + turn) % (PROGRAM_THREADS - 1));
}

/* ---- the insertion ---- */

/*
 * Inserts the calls in one piece, or between the following calls. Surplus calls at the end
 * are cut.
 */
static void insert_calls(struct mutator *m, const struct splice *s, size_t at)
{
	struct program *program = m->program;
	struct call tail[PROGRAM_CALLS];
	size_t left = program->count - at, taken = 0, inserted = 0;
	bool must_weave = draw_once_in(m, 2);

	if (left > m->max_calls - at - s->call_count)
		left = m->max_calls - at - s->call_count;
	memcpy(tail, program->calls + at, left * sizeof(tail[0]));
	program->count = at + left + s->call_count;
	for (; at < program->count; at++) {
		bool is_insertion = inserted < s->call_count &&
				    (taken == left || !must_weave || draw_once_in(m, 2));

		program->calls[at] = is_insertion ? s->calls[inserted++] : tail[taken++];
	}
}

bool mutate_splice(struct mutator *m)
{
	struct splice s;
	size_t last_place, at;

	if (!m->other->count)
		return false;
	copy_calls(&s, m->other, mutate_draw_range(m, m->other));
	if (s.call_count > m->max_calls)
		return false;
	last_place = number_min(m->max_calls - s.call_count, m->program->count);
	at = draw_below(m, last_place + 1);
	init_names(&s, m->program, at);
	if (!rename_handles(m, &s))
		return false;
	rename_threads(m, &s);
	insert_calls(m, &s, at);
	return true;
}
