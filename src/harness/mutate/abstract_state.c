/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/abstract_state.h"

#include <string.h>

unsigned int call_get_number_letters(const struct call *call, char letters[3])
{
	unsigned int count = 0;

	for (const char *letter = op_table[call->op].argument_kinds; *letter; letter++)
		if (*letter == 'n' || *letter == 'z' || (*letter == 'f' && call->has_fault))
			letters[count++] = *letter;
	return count;
}

static bool is_handle_usable(const struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	return state->usable_handles[kind] & 1u << handle;
}

static void mark_handle_unusable(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	state->usable_handles[kind] &= ~(1u << handle);
}

static void mark_handle_usable(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	state->usable_handles[kind] |= 1u << handle;
}

/* Return: false if the handle was filled already, so that the call has no effect. */
static bool fill_handle(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	if (state->filled_handles[kind] & 1u << handle)
		return false;
	state->filled_handles[kind] |= 1u << handle;
	mark_handle_usable(state, kind, handle);
	return true;
}

void abstract_state_apply(struct abstract_state *state, const struct call *call)
{
	uint8_t handle = call->handle[0];

	switch (call->op) {
	case OP_alloc_page:
		if (fill_handle(state, HANDLE_PAGE, handle))
			state->page_ref_counts[handle] = 1;
		break;
	case OP_get_page:
		if (is_handle_usable(state, HANDLE_PAGE, handle))
			state->page_ref_counts[handle] += state->page_ref_counts[handle] < UINT8_MAX;
		break;
	case OP_free_page:
		if (is_handle_usable(state, HANDLE_PAGE, handle) && !--state->page_ref_counts[handle])
			mark_handle_unusable(state, HANDLE_PAGE, handle);
		break;
	case OP_user_slice:
		fill_handle(state, HANDLE_SLICE, handle);
		break;
	case OP_kmap_local:
		if (state->filled_handles[HANDLE_PAGE] & 1u << call->handle[1] &&
		    fill_handle(state, HANDLE_MAP, handle)) {
			state->mapping_threads[handle] = call->thread;
			state->mapping_order[handle] =
				(uint8_t)__builtin_popcount(state->filled_handles[HANDLE_MAP]);
		}
		break;
	case OP_kunmap_local:
		mark_handle_unusable(state, HANDLE_MAP, handle);
		break;
	case OP_lock:
		if (is_handle_usable(state, HANDLE_MUTEX, handle)) {
			mark_handle_unusable(state, HANDLE_MUTEX, handle);
			state->mutex_holders[handle] = call->thread;
		}
		break;
	case OP_unlock:
		if (!is_handle_usable(state, HANDLE_MUTEX, handle) &&
		    state->mutex_holders[handle] == call->thread)
			mark_handle_usable(state, HANDLE_MUTEX, handle);
		break;
	case OP_post:
		state->semaphore_counts[handle] += state->semaphore_counts[handle] < UINT8_MAX;
		mark_handle_usable(state, HANDLE_SEMAPHORE, handle);
		break;
	case OP_wait:
		if (is_handle_usable(state, HANDLE_SEMAPHORE, handle) && !--state->semaphore_counts[handle])
			mark_handle_unusable(state, HANDLE_SEMAPHORE, handle);
		break;
	}
}

void abstract_state_compute(struct abstract_state *state, const struct program *program, size_t end)
{
	memset(state, 0, sizeof(*state));
	state->filled_handles[HANDLE_MUTEX] = state->filled_handles[HANDLE_SEMAPHORE] = 0xf;
	state->usable_handles[HANDLE_MUTEX] = 0xf;
	for (size_t i = 0; i < end; i++)
		abstract_state_apply(state, &program->calls[i]);
}

uint8_t abstract_state_find_newest_map(const struct abstract_state *state, uint8_t thread)
{
	uint8_t newest = PROGRAM_MAPS, newest_order = 0;

	for (uint8_t map = 0; map < PROGRAM_MAPS; map++)
		if (is_handle_usable(state, HANDLE_MAP, map) && state->mapping_threads[map] == thread &&
		    state->mapping_order[map] > newest_order) {
			newest = map;
			newest_order = state->mapping_order[map];
		}
	return newest;
}
