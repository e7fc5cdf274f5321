/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/abstract_state.h"

#include <string.h>

enum abstract_state_kind abstract_state_kind(char letter)
{
	switch (letter | 0x20) {
	case 'p':
		return ABSTRACT_PAGE;
	case 'k':
		return ABSTRACT_MAP;
	case 'u':
		return ABSTRACT_SLICE;
	case 'm':
		return ABSTRACT_MUTEX;
	case 's':
		return ABSTRACT_SEMAPHORE;
	default:
		return ABSTRACT_KINDS;
	}
}

static bool is_usable(const struct abstract_state *state, enum abstract_state_kind kind, uint8_t handle)
{
	return state->usable[kind] & 1u << handle;
}

static void clear_usable(struct abstract_state *state, enum abstract_state_kind kind, uint8_t handle)
{
	state->usable[kind] &= ~(1u << handle);
}

static void set_usable(struct abstract_state *state, enum abstract_state_kind kind, uint8_t handle)
{
	state->usable[kind] |= 1u << handle;
}

/* Return: false if the handle was filled already, so that the call has no effect. */
static bool fill(struct abstract_state *state, enum abstract_state_kind kind, uint8_t handle)
{
	if (state->filled[kind] & 1u << handle)
		return false;
	state->filled[kind] |= 1u << handle;
	set_usable(state, kind, handle);
	return true;
}

static void unmap(struct abstract_state *state, uint8_t map)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < state->depth; i++)
		if (state->stack[i] != map)
			state->stack[kept++] = state->stack[i];
	state->depth = kept;
	clear_usable(state, ABSTRACT_MAP, map);
}

void abstract_state_apply(struct abstract_state *state, const struct call *call)
{
	uint8_t handle = call->handle[0];

	switch (call->op) {
	case OP_alloc_page:
		if (fill(state, ABSTRACT_PAGE, handle))
			state->refs[handle] = 1;
		break;
	case OP_get_page:
		if (is_usable(state, ABSTRACT_PAGE, handle))
			state->refs[handle] += state->refs[handle] < UINT8_MAX;
		break;
	case OP_free_page:
		if (is_usable(state, ABSTRACT_PAGE, handle) && !--state->refs[handle])
			clear_usable(state, ABSTRACT_PAGE, handle);
		break;
	case OP_user_slice:
		fill(state, ABSTRACT_SLICE, handle);
		break;
	case OP_kmap_local:
		if (state->filled[ABSTRACT_PAGE] & 1u << call->handle[1] &&
		    fill(state, ABSTRACT_MAP, handle)) {
			state->map_thread[handle] = call->thread;
			state->stack[state->depth++] = handle;
		}
		break;
	case OP_kunmap_local:
		unmap(state, handle);
		break;
	case OP_lock:
		if (is_usable(state, ABSTRACT_MUTEX, handle)) {
			clear_usable(state, ABSTRACT_MUTEX, handle);
			state->holder[handle] = call->thread;
		}
		break;
	case OP_unlock:
		if (!is_usable(state, ABSTRACT_MUTEX, handle) && state->holder[handle] == call->thread)
			set_usable(state, ABSTRACT_MUTEX, handle);
		break;
	case OP_post:
		state->posted[handle] += state->posted[handle] < UINT8_MAX;
		set_usable(state, ABSTRACT_SEMAPHORE, handle);
		break;
	case OP_wait:
		if (is_usable(state, ABSTRACT_SEMAPHORE, handle) && !--state->posted[handle])
			clear_usable(state, ABSTRACT_SEMAPHORE, handle);
		break;
	}
}

void abstract_state_at(struct abstract_state *state, const struct program *program, size_t end)
{
	memset(state, 0, sizeof(*state));
	state->filled[ABSTRACT_MUTEX] = state->filled[ABSTRACT_SEMAPHORE] = 0xf;
	state->usable[ABSTRACT_MUTEX] = 0xf;
	for (size_t i = 0; i < end; i++)
		abstract_state_apply(state, &program->calls[i]);
}

uint8_t abstract_state_newest_map(const struct abstract_state *state, uint8_t thread)
{
	for (unsigned int i = state->depth; i-- > 0;)
		if (state->map_thread[state->stack[i]] == thread)
			return state->stack[i];
	return PROGRAM_MAPS;
}
