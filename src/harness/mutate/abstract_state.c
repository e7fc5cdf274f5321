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

/* Return: false if the handle was already filled: a call that fills a filled handle has no effect. */
static bool fill_handle_if_empty(struct abstract_state *state, enum handle_kind kind, uint8_t handle)
{
	if (state->filled_handles[kind] & 1u << handle)
		return false;
	state->filled_handles[kind] |= 1u << handle;
	state->usable_handles[kind] |= 1u << handle;
	return true;
}

void abstract_state_apply_call(struct abstract_state *state, const struct call *call)
{
	uint8_t handle = call->handle[0];
	uint32_t handle_bit = 1u << handle, *usable_handles = state->usable_handles;

	switch (call->op) {
	case OP_alloc_page:
		if (fill_handle_if_empty(state, HANDLE_PAGE, handle))
			state->page_ref_counts[handle] = 1;
		break;
	case OP_get_page:
		if (usable_handles[HANDLE_PAGE] & handle_bit)
			state->page_ref_counts[handle] += state->page_ref_counts[handle] < UINT8_MAX;
		break;
	case OP_free_page:
		if ((usable_handles[HANDLE_PAGE] & handle_bit) && !--state->page_ref_counts[handle])
			usable_handles[HANDLE_PAGE] &= ~handle_bit;
		break;
	case OP_user_slice:
		fill_handle_if_empty(state, HANDLE_SLICE, handle);
		break;
	case OP_kmap_local:
		if (state->filled_handles[HANDLE_PAGE] & 1u << call->handle[1] &&
		    fill_handle_if_empty(state, HANDLE_MAP, handle)) {
			state->mapping_threads[handle] = call->thread;
			state->mapping_order[handle] =
				(uint8_t)__builtin_popcount(state->filled_handles[HANDLE_MAP]);
		}
		break;
	case OP_kunmap_local:
		usable_handles[HANDLE_MAP] &= ~handle_bit;
		break;
	case OP_lock:
		if (usable_handles[HANDLE_MUTEX] & handle_bit) {
			usable_handles[HANDLE_MUTEX] &= ~handle_bit;
			state->mutex_holders[handle] = call->thread;
		}
		break;
	case OP_unlock:
		if (!(usable_handles[HANDLE_MUTEX] & handle_bit) &&
		    state->mutex_holders[handle] == call->thread)
			usable_handles[HANDLE_MUTEX] |= handle_bit;
		break;
	case OP_post:
		state->semaphore_counts[handle] += state->semaphore_counts[handle] < UINT8_MAX;
		usable_handles[HANDLE_SEMAPHORE] |= handle_bit;
		break;
	case OP_wait:
		if ((usable_handles[HANDLE_SEMAPHORE] & handle_bit) && !--state->semaphore_counts[handle])
			usable_handles[HANDLE_SEMAPHORE] &= ~handle_bit;
		break;
	}
}

void abstract_state_compute(struct abstract_state *state, const struct program *program, size_t call_count)
{
	memset(state, 0, sizeof(*state));
	state->filled_handles[HANDLE_MUTEX] = state->filled_handles[HANDLE_SEMAPHORE] = 0xf;
	state->usable_handles[HANDLE_MUTEX] = 0xf;
	for (size_t i = 0; i < call_count; i++)
		abstract_state_apply_call(state, &program->calls[i]);
}

uint8_t abstract_state_find_newest_map_of_thread(const struct abstract_state *state, uint8_t thread)
{
	uint8_t newest = PROGRAM_MAPS, newest_order = 0;

	for (uint8_t map = 0; map < PROGRAM_MAPS; map++)
		if ((state->usable_handles[HANDLE_MAP] & 1u << map) &&
		    state->mapping_threads[map] == thread && state->mapping_order[map] > newest_order) {
			newest = map;
			newest_order = state->mapping_order[map];
		}
	return newest;
}
