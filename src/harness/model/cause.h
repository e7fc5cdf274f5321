/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds the earlier calls that explain a broken rule: for example the free before a use, a newer mapping, or
 * the lock of a mutex. The rule model names only the call that broke the rule.
 */
#pragma once

#include "harness/model/rules.h"

/* The largest number of calls in an explanation, and of live mappings of a thread. */
#define CAUSES_MAX 16

struct causes {
	size_t call_count; /* number of entries of cause_calls */
	uint16_t cause_calls[CAUSES_MAX];
};

/* Return: handle of the page that the last kmap_local() of @map_handle mapped; 0 also without such a call. */
uint8_t cause_find_mapped_page_or_0(const struct program *program, const struct rules *rules,
				    uint8_t map_handle);

/* Return: handle of the freed page that @call uses; @call breaks the rule use-after-free. */
uint8_t cause_find_page_used_after_free(const struct program *program, const struct rules *rules,
					const struct call *call);

/*
 * Finds the earlier calls that explain why the fatal call breaks its rule:
 *
 *   use-after-free   the call that dropped the last reference
 *   use-after-unmap  the call that ended the mapping
 *   foreign-map      the call that made the mapping
 *   unmap-order      the calls that made the newer mappings, newest first
 *   map-overflow     the calls that made the live mappings, newest first
 *   out-of-bounds    none: the range is the explanation
 *   deadlock         none: see cause_find_blocked_threads()
 */
void cause_find_for_fatal_call(const struct program *program, const struct rules *rules,
			       struct causes *causes);

/*
 * Finds the origin of an uninitialised byte that @reading_call reads: first the copy_page() calls that copied
 * the byte, latest first, then the alloc_page() call.
 */
void cause_find_uninit_byte_origin(const struct program *program, const struct rules *rules,
				   size_t reading_call, uint8_t page, uint16_t byte_offset,
				   struct causes *causes);

enum blocked_why {
	BLOCKED_MUTEX,     /* another thread locked the mutex by the call `blocking_call` */
	BLOCKED_SEMAPHORE, /* no thread posts; `blocking_call` is blocked_call itself */
	BLOCKED_THREADS,   /* main's call waits for `blocking_call` of another thread, on a line above */
	BLOCKED_MAIN,      /* main's call `blocking_call`, on a line above, must run first */
};

struct blocked_thread {
	uint16_t blocked_call;  /* the first call of the thread that has not run */
	uint16_t blocking_call; /* the call that blocked_call waits for: see enum blocked_why */
	enum blocked_why why;
};

/*
 * Finds, for each thread with calls that have not run, the first of these calls and what that call waits for.
 * Return: the number of threads with calls that have not run, each of which has an entry in @blocked.
 */
size_t cause_find_blocked_threads(const struct program *program, const struct rules *rules,
				  struct blocked_thread blocked[PROGRAM_THREADS]);
