/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds the earlier calls that explain a broken rule: the free before a use, the newer mapping, the
 * lock that is held. The rule model has only the call that broke the rule.
 */
#ifndef HARNESS_CAUSE_H
#define HARNESS_CAUSE_H

#include "harness/model/rules.h"

/* The mappings of a thread, or copies of an uninitialised byte: no explanation names more calls. */
#define CAUSES_MAX 16

struct causes {
	size_t call_count;
	uint16_t cause_calls[CAUSES_MAX];
};

/* Return: the page that an access through the mapping, or a call on the mapping, uses. */
uint8_t cause_find_map_page(const struct program *program, const struct rules *rules,
			    uint8_t handle);

/* Return: the page that the call uses after its free. */
uint8_t cause_find_freed_page(const struct program *program, const struct rules *rules,
			      const struct call *call);

/*
 * Finds the calls that explain the fatal rule:
 *
 *   use-after-free   the call that dropped the last reference
 *   use-after-unmap  the call that ended the mapping
 *   foreign-map      the call that made the mapping
 *   unmap-order      the calls that made the newer mappings, newest first
 *   map-overflow     the calls that made the live mappings, newest first
 *   out-of-bounds    none: the range is the explanation
 *   deadlock         none: see cause_find_deadlock()
 */
void cause_find_fatal(const struct program *program, const struct rules *rules,
		      struct causes *causes);

/*
 * Finds where an uninitialised byte comes from: the copies that passed it on, the last one first,
 * and the allocation.
 */
void cause_find_uninit(const struct program *program, const struct rules *rules, size_t call,
		       uint8_t page, uint16_t byte, struct causes *causes);

enum blocked_why {
	BLOCKED_MUTEX,	   /* another thread holds the mutex since the call @blocking_call */
	BLOCKED_SEMAPHORE, /* no thread posts */
	BLOCKED_THREADS,   /* main waits for the call @blocking_call, which is above its line */
	BLOCKED_MAIN,	   /* the line @blocking_call of main must run first */
};

struct blocked_thread {
	uint16_t blocked_call;
	uint16_t blocking_call;
	enum blocked_why why;
};

/*
 * Finds the next remaining call of each thread, and what it waits for.
 * Return: the number of calls.
 */
size_t cause_find_deadlock(const struct program *program, const struct rules *rules,
			   struct blocked_thread blocked[PROGRAM_THREADS]);

#endif
