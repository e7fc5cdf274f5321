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

#define NAMELESS 0xff

struct splice {
	size_t call_count;
	struct call calls[PROGRAM_CALLS];
	uint32_t taken_names[ABSTRACT_KINDS];  /* names that the program uses, or that were given out */
	uint32_t shareable_names[ABSTRACT_KINDS]; /* names of resources that can be shared, and were not
					  * given out */
	uint32_t shared_handles[ABSTRACT_KINDS]; /* handles that share a resource of the program */
	uint8_t new_names[ABSTRACT_KINDS][PROGRAM_MAPS];
};

/* ---- which calls ---- */

/* Bit N of @uses[kind]: the call uses handle N and does not fill it. */
static void add_uses(const struct call *call, uint32_t uses[ABSTRACT_KINDS])
{
	char handle_kinds[2];
	unsigned int count = mutate_find_handle_kinds(call, handle_kinds);

	for (unsigned int i = 0; i < count; i++)
		if (handle_kinds[i] & 0x20)
			uses[abstract_state_find_kind(handle_kinds[i])] |= 1u << call->handle[i];
}

/* Returns the kind of handle that the call fills, always its first, or ABSTRACT_KINDS. */
static enum abstract_state_kind find_filled_kind(const struct call *call)
{
	char letter = op_table[call->op].argument_kinds[0];

	return letter & 0x20 ? ABSTRACT_KINDS : abstract_state_find_kind(letter);
}

/* Copies the run, and the earlier calls that fill the handles it uses. */
static void copy_calls(struct splice *s, const struct program *from, struct call_range run)
{
	uint32_t uses[ABSTRACT_KINDS] = { 0 };
	bool is_copied[PROGRAM_CALLS];

	for (size_t i = run.last; i-- > 0;) {
		const struct call *call = &from->calls[i];
		enum abstract_state_kind kind = find_filled_kind(call);

		is_copied[i] = i >= run.first ||
			  (kind < ABSTRACT_KINDS && uses[kind] & 1u << call->handle[0]);
		if (is_copied[i])
			add_uses(call, uses);
	}
	s->call_count = 0;
	for (size_t i = 0; i < run.last; i++)
		if (is_copied[i])
			s->calls[s->call_count++] = from->calls[i];
}

/* ---- which names ---- */

static void init_names(struct splice *s, const struct program *program, size_t at)
{
	struct abstract_state state;

	abstract_state_compute(&state, program, at);
	memset(s->new_names, NAMELESS, sizeof(s->new_names));
	memset(s->shared_handles, 0, sizeof(s->shared_handles));
	memset(s->taken_names, 0, sizeof(s->taken_names));
	for (size_t i = 0; i < program->count; i++) {
		char handle_kinds[2];
		unsigned int count = mutate_find_handle_kinds(&program->calls[i], handle_kinds);

		for (unsigned int j = 0; j < count; j++)
			s->taken_names[abstract_state_find_kind(handle_kinds[j])] |=
				1u << program->calls[i].handle[j];
	}
	memcpy(s->shareable_names, state.filled_handles, sizeof(s->shareable_names));
}

/* Return: false if no name is left. */
static bool choose_name(struct mutator *m, struct splice *s, char letter, uint8_t handle, bool share)
{
	enum abstract_state_kind kind = abstract_state_find_kind(letter);
	uint32_t own = (uint32_t)((1ull << op_handle_count(letter)) - 1) & ~s->taken_names[kind];
	uint8_t *name = &s->new_names[kind][handle];

	if (*name != NAMELESS)
		return true;
	if (!own && !s->shareable_names[kind])
		return false;
	if (own && !(share && s->shareable_names[kind])) {
		*name = (uint8_t)__builtin_ctz(own);
	} else {
		*name = random_set_bit_index(&m->random_state, s->shareable_names[kind]);
		s->shared_handles[kind] |= 1u << handle;
	}
	s->taken_names[kind] |= 1u << *name;
	s->shareable_names[kind] &= ~(1u << *name);
	return true;
}

/* Gives each call its new names; drops calls that filled a handle that is now shared. */
static bool rename_handles(struct mutator *m, struct splice *s)
{
	bool share = random_once_in(&m->random_state, 2);
	size_t kept = 0;

	for (size_t i = 0; i < s->call_count; i++) {
		struct call *call = &s->calls[i];
		enum abstract_state_kind filled = find_filled_kind(call);
		char handle_kinds[2];
		unsigned int count = mutate_find_handle_kinds(call, handle_kinds);
		bool needless;

		for (unsigned int j = 0; j < count; j++)
			if (!choose_name(m, s, handle_kinds[j], call->handle[j], share))
				return false;
		needless = filled < ABSTRACT_KINDS &&
			   s->shared_handles[filled] & 1u << call->handle[0];
		for (unsigned int j = 0; j < count; j++)
			call->handle[j] = s->new_names[abstract_state_find_kind(handle_kinds[j])]
						      [call->handle[j]];
		if (!needless)
			s->calls[kept++] = *call;
	}
	s->call_count = kept;
	return kept;
}

/* Rotates all threads except main by the same number. */
static void rename_threads(struct mutator *m, struct splice *s)
{
	uint32_t turn = random_once_in(&m->random_state, 2) ? 0 : random_below(&m->random_state, 3);

	for (size_t i = 0; i < s->call_count; i++)
		if (s->calls[i].thread != THREAD_MAIN)
			s->calls[i].thread = (uint8_t)(1 + (s->calls[i].thread - 1 + turn) %
							       (PROGRAM_THREADS - 1));
}

/* ---- where ---- */

/*
 * Inserts the calls in one piece, or between the following calls. Surplus calls at the end
 * are cut.
 */
static void insert_calls(struct mutator *m, const struct splice *s, size_t at)
{
	struct program *program = m->program;
	struct call tail[PROGRAM_CALLS];
	size_t left = program->count - at, taken = 0, insert_call = 0;
	bool weave = random_once_in(&m->random_state, 2);

	if (left > m->max_calls - at - s->call_count)
		left = m->max_calls - at - s->call_count;
	memcpy(tail, program->calls + at, left * sizeof(tail[0]));
	program->count = at + left + s->call_count;
	for (; at < program->count; at++) {
		bool theirs = insert_call < s->call_count &&
			      (taken == left || !weave || random_once_in(&m->random_state, 2));

		program->calls[at] = theirs ? s->calls[insert_call++] : tail[taken++];
	}
}

bool mutate_splice(struct mutator *m)
{
	struct splice s;
	size_t insert_index;

	if (!m->other->count)
		return false;
	copy_calls(&s, m->other, mutate_pick_range(m, m->other));
	if (s.call_count > m->max_calls)
		return false;
	insert_index = m->max_calls - s.call_count;
	insert_index = random_below(
		&m->random_state,
		(insert_index < m->program->count ? insert_index : m->program->count) + 1);
	init_names(&s, m->program, insert_index);
	if (!rename_handles(m, &s))
		return false;
	rename_threads(m, &s);
	insert_calls(m, &s, insert_index);
	return true;
}
