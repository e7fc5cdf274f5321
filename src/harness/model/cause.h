/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls that made it wrong: whose free a use came after, which mapping was newer, who
 * holds the mutex. The rule model says which call broke a rule; this looks back for why.
 */
#ifndef HARNESS_CAUSE_H
#define HARNESS_CAUSE_H

#include "harness/model/rules.h"

/* Mappings of a thread, or copies that carried a byte: no finding names more calls. */
#define CAUSES_MAX 16

struct causes {
	size_t count;
	uint16_t calls[CAUSES_MAX];
};

/* The page that an access through a mapping, or a call on a mapping, is about. */
uint8_t cause_find_map_page(const struct program *program, const struct rules *rules,
			    uint8_t handle);

/* Which page of a call on pages is dead. */
uint8_t cause_find_freed_page(const struct program *program, const struct rules *rules,
			      const struct call *call);

/*
 * Of the fatal rule that was broken:
 *
 *   use-after-free   the call that dropped the last reference
 *   use-after-unmap  the call that ended the mapping
 *   foreign-map      the call that made the mapping
 *   unmap-order      the calls that made the newer mappings, newest first
 *   map-overflow     the calls that made the live mappings, newest first
 *   out-of-bounds    none: the range speaks for itself
 *   deadlock         none: see below
 */
void cause_find_fatal(const struct program *program, const struct rules *rules,
		      struct causes *causes);

/*
 * Where a byte without a value comes from: the copies that carried it, the last one first,
 * and the allocation.
 */
void cause_find_uninit(const struct program *program, const struct rules *rules, size_t call,
		       uint8_t page, uint16_t byte, struct causes *causes);

enum blocked_why {
	BLOCKED_MUTEX,	   /* another thread holds it, since the call @by */
	BLOCKED_SEMAPHORE, /* nobody posts */
	BLOCKED_THREADS,   /* main waits for the call @by above it */
	BLOCKED_MAIN,	   /* the line @by of main comes first */
};

struct blocked {
	uint16_t call;
	uint16_t by;
	enum blocked_why why;
};

/* The first call that is left of each thread, and what it waits for. Return: how many. */
size_t cause_find_deadlock(const struct program *program, const struct rules *rules,
			   struct blocked blocked[PROGRAM_THREADS]);

#endif
