/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The arena: where page frames come from and go to.
 *
 * One reservation holds all frames and after them their `struct page`, so that
 * either gives the other by arithmetic. Only the arena knows addresses; reference
 * counts are page.c's.
 *
 * The address that the arena gives a byte is its canonical address: it names the byte whatever
 * backend maps it, and the library's own accesses are made there.
 */
#ifndef LIBPAGE_ARENA_H
#define LIBPAGE_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "page/page.h"

/* Frames that must be freed after a frame before it is allocated again. */
#define ARENA_QUARANTINE 64

#define ARENA_FRAMES ((size_t)1 << 16)
#define ARENA_SIZE   (ARENA_FRAMES * PAGE_SIZE)

/*
 * Its size is a power of two, so that page and frame give each other by a shift, and a
 * multiple of the 8 bytes by which sanitizers keep books: no two pages share them.
 */
struct page {
	_Alignas(32) atomic_uint refs; /* 0: the page is freed */
	uint32_t generation;	  /* counts allocations of the frame: a mapping outlives its page */
	atomic_uint part; /* of a buffer: 1 + its index in there; 0: of none, or none any more */
	uint32_t parts;	  /* pages of that buffer; in its first page */
	size_t bytes;	  /* that were asked for; in its first page */
};

/* The first frame of the reservation, and the struct page of it; for arithmetic. */
extern unsigned char *arena_frames;
extern struct page *arena_pages;

/*
 * @count contiguous frames that are not in use, their bytes and their struct pages
 * accessible again, both as their last users left them. Any thread; a short hidden
 * lock. Return: the first of them; NULL when there are none.
 */
struct page *arena_take(size_t count);

/* Takes back the frame of a freed page. No one may touch it from here on (R8). */
void arena_give(struct page *page);

/* Has the arena been made? From then on it stays what it is. */
bool arena_exists(void);

/*
 * The file of the frames, frame i at i * PAGE_SIZE; -1 when there is none: they
 * are a file only for a backend that maps them at more than one address.
 */
int arena_file(void);

/* Another file with the same contents: the caller maps it. The old one is closed. */
void arena_file_replace(int file);

/* Return: how many frames, from the first on, may have been allocated; the others are untouched. */
size_t arena_used(void);

/* Frames lie as far apart as this many struct pages. */
#define ARENA_STRIDE (PAGE_SIZE / sizeof(struct page))

/* What is left of a frame's address when its struct page's has been stretched. */
extern uintptr_t arena_skew;

/* Return: the canonical address of byte 0. One load and a shift: raw calls wait for it. */
static inline void *arena_address(const struct page *page)
{
	return (void *)((uintptr_t)page * ARENA_STRIDE + arena_skew);
}

/* Is there a frame that @addr points into? None, as long as there is no arena. */
static inline bool arena_contains(const void *addr)
{
	return arena_frames && (uintptr_t)addr - (uintptr_t)arena_frames < ARENA_SIZE;
}

/* The page of the frame that @addr points into. */
static inline struct page *arena_page(const void *addr)
{
	return arena_pages + ((uintptr_t)addr - (uintptr_t)arena_frames) / PAGE_SIZE;
}

#endif
