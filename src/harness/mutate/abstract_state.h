/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An estimate of the state before some call of a program: the filled handles, the live pages and mappings,
 * and the threads that hold locks. The estimate assumes that calls run in the order of the lines, and is much
 * cheaper than the rule model. The mutator uses the estimate to make calls that have an effect.
 */
#pragma once

#include <stdint.h>

#include "harness/program/program.h"

struct abstract_state {
	uint32_t filled_handles[HANDLE_KINDS]; /* bit N: a call filled handle N */
	uint32_t usable_handles[HANDLE_KINDS]; /* live pages, mappings, unlocked mutexes, posted semaphores */
	uint8_t page_ref_counts[PROGRAM_PAGES];
	uint8_t mapping_threads[PROGRAM_MAPS];  /* the thread that made each mapping */
	uint8_t mutex_holders[PROGRAM_MUTEXES]; /* the thread that holds each locked mutex */
	uint8_t semaphore_counts[PROGRAM_SEMAPHORES];
	uint8_t mapping_order[PROGRAM_MAPS]; /* higher for a newer mapping */
};

/*
 * Writes the letter (ops.def) of each number of a call to @letters. A user slice without a fault has no
 * number for the offset of a fault. Return: how many numbers the call has.
 */
unsigned int call_get_number_letters(const struct call *call, char letters[3]);

/* Computes the state after the first @call_count calls. */
void abstract_state_compute(struct abstract_state *state, const struct program *program, size_t call_count);

/* Updates the state by the effect of @call, the next call of the program. */
void abstract_state_apply_call(struct abstract_state *state, const struct call *call);

/* Return: the handle of the newest live mapping of @thread, or PROGRAM_MAPS. */
uint8_t abstract_state_find_newest_map_of_thread(const struct abstract_state *state, uint8_t thread);
