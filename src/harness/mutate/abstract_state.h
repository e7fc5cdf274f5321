/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What there is for a call to use at a place in a program: handles that are filled, pages
 * that live, mappings and who made them, locks and who holds them.
 *
 * A guess from the order of lines alone, where the rule model would run the program; it is
 * for making calls that do something, and costs next to nothing.
 */
#ifndef HARNESS_ABSTRACT_STATE_H
#define HARNESS_ABSTRACT_STATE_H

#include <stdint.h>

#include "harness/program/program.h"

/* Kinds of handles, as op.h has letters for them. */
enum abstract_state_kind {
	ABSTRACT_PAGE,
	ABSTRACT_MAP,
	ABSTRACT_SLICE,
	ABSTRACT_MUTEX,
	ABSTRACT_SEMAPHORE,
	ABSTRACT_KINDS
};

struct abstract_state {
	uint32_t filled[ABSTRACT_KINDS]; /* bit N: handle N was filled */
	uint32_t usable[ABSTRACT_KINDS]; /* and is alive, mapped, free to lock, posted */
	uint8_t refs[PROGRAM_PAGES];
	uint8_t map_thread[PROGRAM_MAPS];
	uint8_t holder[PROGRAM_MUTEXES];     /* of a mutex that is not usable */
	uint8_t posted[PROGRAM_SEMAPHORES];
	uint8_t stack[PROGRAM_MAPS];	     /* live mappings, in the order of their making */
	unsigned int depth;
};

/* The kind of a letter of ops.def, either case; ABSTRACT_KINDS if it is none. */
enum abstract_state_kind abstract_state_kind(char letter);

/* What there is after the first @end calls. */
void abstract_state_at(struct abstract_state *state, const struct program *program, size_t end);

/* One more call happened. */
void abstract_state_apply(struct abstract_state *state, const struct call *call);

/* The newest live mapping of @thread, or PROGRAM_MAPS. */
uint8_t abstract_state_newest_map(const struct abstract_state *state, uint8_t thread);

#endif
