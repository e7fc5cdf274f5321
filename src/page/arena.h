/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The arena: where page frames come from and go to.
 *
 * One reservation holds all frames, another their `struct page`, so that either
 * gives the other by arithmetic. Only the arena knows addresses; reference counts
 * are page.c's.
 */
#ifndef LIBPAGE_ARENA_H
#define LIBPAGE_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "page/page.h"

/* Frames that must be freed after a frame before it is handed out again. */
#define ARENA_QUARANTINE 64

#define ARENA_FRAMES ((size_t)1 << 16)

/* The sanitizers keep books by 8 bytes: no two pages may share them. */
struct page {
	_Alignas(8) atomic_uint refs; /* 0: dead */
};

/*
 * A frame that nobody uses, its bytes and its struct page accessible again, both
 * as their last user left them; NULL when there is none. Any thread; a short
 * hidden lock.
 */
struct page *arena_take(void);

/* The frame of a page that died. From here on no one may touch it (R8). */
void arena_give(struct page *page);

/* The address of byte 0. */
void *arena_address(const struct page *page);

/* Is there a frame that @addr points into? */
bool arena_contains(const void *addr);

#endif
