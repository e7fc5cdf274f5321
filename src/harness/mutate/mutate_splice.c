/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls of one program in another:
 *
 * 1. With a run of calls come the calls that filled the handles that it uses, and what
 *    those use in turn.
 * 2. Each handle gets another name, two of them never the same one. It is a name that the
 *    program does not use, and then the calls keep to themselves; or that of something
 *    which the program has at that place, and then both work on it, and the call that
 *    filled the handle stays away.
 * 3. So each call uses what the same call made before, or what stands in its place; and no
 *    call of the program uses another thing than before.
 */
#include "harness/mutate/mutate_parts.h"

#include <string.h>

#define NAMELESS 0xff

struct splice {
	size_t count;
	struct call calls[PROGRAM_CALLS];
	uint32_t taken[ABSTRACT_KINDS];  /* names that the program uses, or that were given */
	uint32_t theirs[ABSTRACT_KINDS]; /* names of what can be shared, and was not given */
	uint32_t shared[ABSTRACT_KINDS]; /* handles that were given one of those */
	uint8_t names[ABSTRACT_KINDS][PROGRAM_MAPS];
};

/* ---- which calls ---- */

/* Bit N of @uses[kind]: the call uses handle N, and does not fill it. */
static void add_uses(const struct call *call, uint32_t uses[ABSTRACT_KINDS])
{
	char kinds[2];
	unsigned int count = mutate_handle_kinds(call, kinds);

	for (unsigned int i = 0; i < count; i++)
		if (kinds[i] & 0x20)
			uses[abstract_state_kind(kinds[i])] |= 1u << call->handle[i];
}

/* The kind of handle that the call fills, or ABSTRACT_KINDS. It is its first. */
static enum abstract_state_kind fills(const struct call *call)
{
	char letter = op_table[call->op].args[0];

	return letter & 0x20 ? ABSTRACT_KINDS : abstract_state_kind(letter);
}

/* Takes the run, and from before it what fills the handles that are used. */
static void take_calls(struct splice *s, const struct program *from, struct call_range run)
{
	uint32_t uses[ABSTRACT_KINDS] = { 0 };
	bool take[PROGRAM_CALLS];

	for (size_t i = run.last; i-- > 0;) {
		const struct call *call = &from->calls[i];
		enum abstract_state_kind kind = fills(call);

		take[i] = i >= run.first ||
			  (kind < ABSTRACT_KINDS && uses[kind] & 1u << call->handle[0]);
		if (take[i])
			add_uses(call, uses);
	}
	s->count = 0;
	for (size_t i = 0; i < run.last; i++)
		if (take[i])
			s->calls[s->count++] = from->calls[i];
}

/* ---- which names ---- */

static void begin_names(struct splice *s, const struct program *program, size_t at)
{
	struct abstract_state state;

	abstract_state_at(&state, program, at);
	memset(s->names, NAMELESS, sizeof(s->names));
	memset(s->shared, 0, sizeof(s->shared));
	memset(s->taken, 0, sizeof(s->taken));
	for (size_t i = 0; i < program->count; i++) {
		char kinds[2];
		unsigned int count = mutate_handle_kinds(&program->calls[i], kinds);

		for (unsigned int j = 0; j < count; j++)
			s->taken[abstract_state_kind(kinds[j])] |= 1u << program->calls[i].handle[j];
	}
	memcpy(s->theirs, state.filled, sizeof(s->theirs));
}

/* Return: false if no name is left. */
static bool give_name(struct mutator *m, struct splice *s, char letter, uint8_t handle, bool share)
{
	enum abstract_state_kind kind = abstract_state_kind(letter);
	uint32_t own = (uint32_t)((1ull << op_handle_count(letter)) - 1) & ~s->taken[kind];
	uint8_t *name = &s->names[kind][handle];

	if (*name != NAMELESS)
		return true;
	if (!own && !s->theirs[kind])
		return false;
	if (own && !(share && s->theirs[kind])) {
		*name = (uint8_t)__builtin_ctz(own);
	} else {
		*name = random_bit(&m->random, s->theirs[kind]);
		s->shared[kind] |= 1u << handle;
	}
	s->taken[kind] |= 1u << *name;
	s->theirs[kind] &= ~(1u << *name);
	return true;
}

/* Each call gets its new names; what filled a handle that is shared now goes. */
static bool rename_handles(struct mutator *m, struct splice *s)
{
	bool share = random_once_in(&m->random, 2);
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct call *call = &s->calls[i];
		enum abstract_state_kind filled = fills(call);
		char kinds[2];
		unsigned int count = mutate_handle_kinds(call, kinds);
		bool needless;

		for (unsigned int j = 0; j < count; j++)
			if (!give_name(m, s, kinds[j], call->handle[j], share))
				return false;
		needless = filled < ABSTRACT_KINDS && s->shared[filled] & 1u << call->handle[0];
		for (unsigned int j = 0; j < count; j++)
			call->handle[j] = s->names[abstract_state_kind(kinds[j])][call->handle[j]];
		if (!needless)
			s->calls[kept++] = *call;
	}
	s->count = kept;
	return kept;
}

/* Other threads, all of them turned around by the same number of places; main stays. */
static void rename_threads(struct mutator *m, struct splice *s)
{
	uint32_t turn = random_once_in(&m->random, 2) ? 0 : random_below(&m->random, 3);

	for (size_t i = 0; i < s->count; i++)
		if (s->calls[i].thread != THREAD_MAIN)
			s->calls[i].thread = (uint8_t)(1 + (s->calls[i].thread - 1 + turn) %
							       (PROGRAM_THREADS - 1));
}

/* ---- where ---- */

/* In one piece, or between the calls that follow. What is then too much falls off the end. */
static void put_calls(struct mutator *m, const struct splice *s, size_t at)
{
	struct program *program = m->program;
	struct call tail[PROGRAM_CALLS];
	size_t left = program->count - at, taken = 0, put = 0;
	bool weave = random_once_in(&m->random, 2);

	if (left > m->max_calls - at - s->count)
		left = m->max_calls - at - s->count;
	memcpy(tail, program->calls + at, left * sizeof(tail[0]));
	program->count = at + left + s->count;
	for (; at < program->count; at++) {
		bool theirs = put < s->count &&
			      (taken == left || !weave || random_once_in(&m->random, 2));

		program->calls[at] = theirs ? s->calls[put++] : tail[taken++];
	}
}

bool mutate_splice(struct mutator *m)
{
	struct splice s;
	size_t at;

	if (!m->other->count)
		return false;
	take_calls(&s, m->other, mutate_pick_range(m, m->other));
	if (s.count > m->max_calls)
		return false;
	at = m->max_calls - s.count;
	at = random_below(&m->random, (at < m->program->count ? at : m->program->count) + 1);
	begin_names(&s, m->program, at);
	if (!rename_handles(m, &s))
		return false;
	rename_threads(m, &s);
	put_calls(m, &s, at);
	return true;
}
