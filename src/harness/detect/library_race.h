/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Detects races on the page library's own data: its lists, locks, counts and struct pages.
 *
 * ThreadSanitizer cannot detect these races. The library hides its locks from ThreadSanitizer, because by R3
 * a lock of the library must not order the callers' accesses to pages. So this detector has a happens-before
 * of its own. In this happens-before every atomic access and every lock of the library orders threads, and so
 * do the program's mutexes, semaphores and fork-join points. The bytes of pages belong to ThreadSanitizer,
 * and are ignored here.
 *
 * The detector has one state, because a process executes one program at a time. Only exec_run_fibers() uses
 * it: all fibers run on one OS thread, so the same program gets the same result every time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

/* One access of a library race. */
struct library_access {
	uint8_t thread;
	uint16_t call; /* index of the call that makes the access */
	bool is_write, is_atomic;
	uintptr_t caller; /* an address in the function that makes the access */
};

struct library_race {
	bool is_found;
	uintptr_t addr;
	struct library_access before, now;
};

enum library_atomic_kind { LIBRARY_LOAD, LIBRARY_STORE, LIBRARY_UPDATE };

/* Forgets all accesses, all order, and the race of the previous execution. */
void library_race_begin(void);

/* The accesses from now to library_race_unwatch() are accesses of @thread in the call with index @call. */
void library_race_watch(uint8_t thread, size_t call);
void library_race_unwatch(void);

/* Return: whether accesses are recorded now. The functions below ignore accesses while this is false. */
bool library_race_is_watching(void);

/* Ignores the bytes [addr, addr + len) until the next library_race_begin(). At most 64 ranges. */
void library_race_ignore_range(const void *addr, size_t len);

/* A release of @object by one thread happens before each later acquire of @object by another thread. */
void library_race_release(uint8_t thread, const volatile void *object);
void library_race_acquire(uint8_t thread, const volatile void *object);

/* What the two functions below need; only library_race.c writes it. */
struct library_race_state {
	bool is_watching;
	uintptr_t ignored_from, ignored_size; /* the ignored range of the most recent ignored access */
};
extern struct library_race_state library_race_state;

/*
 * Return: whether @addr is in the same ignored range as the most recent ignored access. A call often accesses
 * the same buffer byte by byte.
 */
static inline bool library_race_is_in_recent_range(const volatile void *addr)
{
	return (uintptr_t)addr - library_race_state.ignored_from < library_race_state.ignored_size;
}

/* Return: whether an access at @addr need not be recorded. */
static inline bool library_race_ignores(const volatile void *addr)
{
	return !library_race_state.is_watching || library_race_is_in_recent_range(addr);
}

/* Records a plain access of @size bytes, at least 1. @caller: an address in the accessing function. */
void library_race_record_plain(const volatile void *addr, size_t size, bool is_write, const void *caller);

/*
 * Records an atomic access that comes next, with the memory order @order (__ATOMIC_RELAXED and so on). The
 * access also orders threads as @order says.
 */
void library_race_record_atomic(const volatile void *addr, size_t size, enum library_atomic_kind kind,
				int order, const void *caller);
void library_race_record_fence(int order);

/* The watched thread acquires or releases a lock of the library (a mutex, a pthread_once_t) at @object. */
void library_race_record_lock(const volatile void *object);
void library_race_record_unlock(const volatile void *object);

/* Forgets the accesses to [addr, addr + len), because the memory is freed. */
void library_race_forget(const volatile void *addr, size_t len);

/* Return: the first race since library_race_begin(); valid until the next library_race_begin(). */
const struct library_race *library_race_get(void);
