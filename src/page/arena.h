/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The arena allocates and frees page frames.
 *
 * One reservation of address space holds all frames, and after them one `struct page` for each
 * frame. So the address of a frame and the address of its `struct page` are computed from each
 * other. page.c manages the reference counts.
 *
 * The canonical address of a byte is its address in the arena. Each backend has the same
 * canonical addresses, and the library itself accesses a byte at its canonical address.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "page/page.h"

/* The arena reuses a frame only after this number of other frames were freed. */
#define ARENA_QUARANTINE 64

#define ARENA_FRAMES ((size_t)1 << 16)
#define ARENA_SIZE   (ARENA_FRAMES * PAGE_SIZE)

/*
 * The size of struct page is a power of two, so that the address of a frame is computed with a
 * shift. The size is a multiple of 8 bytes, so that two pages share no granule of a
 * sanitizer's shadow memory.
 */
struct page {
	_Alignas(32) atomic_uint refs; /* 0: the page is freed */
	uint32_t generation; /* number of allocations of the frame: a mapping may remain after a free */
	atomic_uint part;    /* 1 + the index of the page in its buffer; 0: the page is in no buffer */
	uint32_t buffer_page_count; /* number of pages of the buffer; only in its first page */
	size_t buffer_size;         /* requested size of the buffer; only in its first page */
};

/* The first frame of the reservation and its struct page, for address computations. */
extern unsigned char *arena_frames;
extern struct page *arena_pages;

/*
 * Allocates @count contiguous frames. The bytes and the struct pages of the frames become
 * accessible, and have the values of their last users. Any thread may call this; the lock is
 * short and hidden from ThreadSanitizer.
 * Return: the first page; NULL if there are not enough free frames.
 */
struct page *arena_alloc_frames(size_t count);

/* Frees the frame of a page without references. No thread may access the page any more (R8). */
void arena_free_frame(struct page *page);

/* Return: true after the first allocation began to create the arena, also if that failed. */
bool arena_creation_has_begun(void);

/*
 * Return: the file descriptor of the frames, with frame i at offset i * PAGE_SIZE; -1 without a
 * file. The frames are in a file only if the backend maps them at several addresses.
 */
int arena_get_file_descriptor(void);

/* Closes the file and uses @file instead, which has the same content and which the caller maps. */
void arena_close_and_replace_file(int file);

/* Return: the number of frames that ever left the arena; they are the first frames. */
size_t arena_count_frames_given_out(void);

/* The size of a frame, in units of struct page. */
#define ARENA_STRIDE (PAGE_SIZE / sizeof(struct page))

/* The constant part of arena_address(): frame = struct page * ARENA_STRIDE + arena_skew. */
extern uintptr_t arena_skew;

/* Return: the canonical address of byte 0. This is fast, because each raw call needs the address. */
static inline void *arena_address(const struct page *page)
{
	return (void *)((uintptr_t)page * ARENA_STRIDE + arena_skew);
}

/* Return: true if there is an arena and @addr is in a frame. */
static inline bool arena_contains(const void *addr)
{
	return arena_frames && (uintptr_t)addr - (uintptr_t)arena_frames < ARENA_SIZE;
}

/* Return: the page of the frame that contains @addr. */
static inline struct page *arena_page(const void *addr)
{
	return arena_pages + ((uintptr_t)addr - (uintptr_t)arena_frames) / PAGE_SIZE;
}
