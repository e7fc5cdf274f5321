/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What there is for a call to use at a place in a program: handles that are filled, pages
 * that live, mappings and who made them, locks and who holds them.
 *
 * A guess from the order of lines alone, where the rule model would run the program; it is
 * for making calls that do something, and costs next to nothing.
 */
#ifndef HARNESS_SCENE_H
#define HARNESS_SCENE_H

#include <stdint.h>

#include "harness/program/program.h"

/* Kinds of handles, as op.h has letters for them. */
enum scene_kind {
	SCENE_PAGE,
	SCENE_MAP,
	SCENE_SLICE,
	SCENE_MUTEX,
	SCENE_SEMAPHORE,
	SCENE_KINDS
};

struct scene {
	uint32_t filled[SCENE_KINDS]; /* bit N: handle N was filled */
	uint32_t usable[SCENE_KINDS]; /* and is alive, mapped, free to lock, posted */
	uint8_t refs[PROGRAM_PAGES];
	uint8_t map_thread[PROGRAM_MAPS];
	uint8_t holder[PROGRAM_MUTEXES];     /* of a mutex that is not usable */
	uint8_t posted[PROGRAM_SEMAPHORES];
	uint8_t stack[PROGRAM_MAPS];	     /* live mappings, in the order of their making */
	unsigned int depth;
};

/* The kind of a letter of ops.def, either case; SCENE_KINDS if it is none. */
enum scene_kind scene_kind(char letter);

/* What there is after the first @end calls. */
void scene_at(struct scene *scene, const struct program *program, size_t end);

/* One more call happened. */
void scene_step(struct scene *scene, const struct call *call);

/* The newest live mapping of @thread, or PROGRAM_MAPS. */
uint8_t scene_newest_map(const struct scene *scene, uint8_t thread);

#endif
