/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A point: the place in a call where a thread is about to access what other threads may access too, and where
 * another thread may run instead. Between two points a thread accesses only what no other thread can change.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum point_kind {
	POINT_NONE, /* independent of every other point */
	POINT_LOAD,
	POINT_STORE,
	POINT_UPDATE,
	POINT_SPIN_LOCK, /* the byte at the address is 0 if the lock is free */
	POINT_MUTEX_LOCK,
	POINT_MUTEX_UNLOCK,
	POINT_PROGRAM_LOCK, /* the program's calls lock(), unlock(), post() and wait() */
	POINT_PROGRAM_UNLOCK,
	POINT_POST,
	POINT_WAIT,
	POINT_CHANGE, /* waits until the value at the address changes, or no other thread can run */
	POINT_KINDS
};

struct point {
	uint8_t kind, size;
	bool is_taken; /* a lock at the address is taken, or the semaphore is 0, when the decision is made */
	uintptr_t addr;
	uint64_t value; /* POINT_CHANGE: the value that must change */
};

static inline bool point_is_write(const struct point *point)
{
	return point->kind != POINT_NONE && point->kind != POINT_LOAD && point->kind != POINT_CHANGE;
}

/* Return: whether the order of the two points matters, if different threads make them. */
static inline bool points_are_dependent(const struct point *a, const struct point *b)
{
	return a->addr < b->addr + b->size && b->addr < a->addr + a->size &&
	       (point_is_write(a) || point_is_write(b));
}

static inline bool point_locks(const struct point *point)
{
	return point->kind == POINT_SPIN_LOCK || point->kind == POINT_MUTEX_LOCK ||
	       point->kind == POINT_PROGRAM_LOCK;
}
