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

static bool is_usable(const struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	return state->usable_handles[kind] & 1u << handle;
}

static void clear_usable(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	state->usable_handles[kind] &= ~(1u << handle);
}

static void set_usable(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	state->usable_handles[kind] |= 1u << handle;
}

/* Return: false if the handle was filled already, so that the call has no effect. */
static bool fill_handle(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	if (state->filled_handles[kind] & 1u << handle)
		return false;
	state->filled_handles[kind] |= 1u << handle;
	set_usable(state, kind, handle);
	return true;
}

static void unmap_handle(struct abstract_state *state, uint8_t map)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < state->live_map_count; i++)
		if (state->live_maps[i] != map)
			state->live_maps[kept++] = state->live_maps[i];
	state->live_map_count = kept;
	clear_usable(state, HANDLE_MAP, map);
}

void abstract_state_apply(struct abstract_state *state, const struct call *call)
{
	uint8_t handle = call->handle[0];

	switch (call->op) {
	case OP_alloc_page:
		if (fill_handle(state, HANDLE_PAGE, handle))
			state->page_ref_count[handle] = 1;
		break;
	case OP_get_page:
		if (is_usable(state, HANDLE_PAGE, handle))
			state->page_ref_count[handle] += state->page_ref_count[handle] < UINT8_MAX;
		break;
	case OP_free_page:
		if (is_usable(state, HANDLE_PAGE, handle) && !--state->page_ref_count[handle])
			clear_usable(state, HANDLE_PAGE, handle);
		break;
	case OP_user_slice:
		fill_handle(state, HANDLE_SLICE, handle);
		break;
	case OP_kmap_local:
		if (state->filled_handles[HANDLE_PAGE] & 1u << call->handle[1] &&
		    fill_handle(state, HANDLE_MAP, handle)) {
			state->map_thread[handle] = call->thread;
			state->live_maps[state->live_map_count++] = handle;
		}
		break;
	case OP_kunmap_local:
		unmap_handle(state, handle);
		break;
	case OP_lock:
		if (is_usable(state, HANDLE_MUTEX, handle)) {
			clear_usable(state, HANDLE_MUTEX, handle);
			state->mutex_holder[handle] = call->thread;
		}
		break;
	case OP_unlock:
		if (!is_usable(state, HANDLE_MUTEX, handle) &&
		    state->mutex_holder[handle] == call->thread)
			set_usable(state, HANDLE_MUTEX, handle);
		break;
	case OP_post:
		state->semaphore_count[handle] += state->semaphore_count[handle] < UINT8_MAX;
		set_usable(state, HANDLE_SEMAPHORE, handle);
		break;
	case OP_wait:
		if (is_usable(state, HANDLE_SEMAPHORE, handle) && !--state->semaphore_count[handle])
			clear_usable(state, HANDLE_SEMAPHORE, handle);
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

uint8_t abstract_state_newest_map(const struct abstract_state *state, uint8_t thread)
{
	for (unsigned int i = state->live_map_count; i-- > 0;)
		if (state->map_thread[state->live_maps[i]] == thread)
			return state->live_maps[i];
	return PROGRAM_MAPS;
}
