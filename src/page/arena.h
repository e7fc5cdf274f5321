/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The arena allocates and frees page frames.
 *
 * One reservation of address space has all frames, followed by one `struct page` for each frame. So the
 * address of a frame is computed from the address of its `struct page`, and the other way round. page.c
 * manages the reference counts.
 *
 * The canonical address of a byte is its address in the arena. All backends have the same canonical
 * addresses, and the library itself accesses a byte at its canonical address.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "page/page.h"

/* A free list releases a frame only after this number of later frees to the same list. */
#define ARENA_QUARANTINE 64

#define ARENA_FRAMES ((size_t)1 << 16)
#define ARENA_SIZE   (ARENA_FRAMES * PAGE_SIZE)

/*
 * The size of struct page is a power of two, so that the address of a frame is computed with a shift. The
 * size is a multiple of 8 bytes, so that two struct pages share no granule of a sanitizer's shadow memory.
 */
struct page {
	_Alignas(32) atomic_uint refs; /* 0: the page is freed */
	uint32_t generation; /* changes with each allocation of the frame; 0: the frame was never allocated */
	atomic_uint part;    /* 1 + the index of the page in its buffer; 0: the page is in no buffer */
	uint32_t buffer_page_count; /* number of pages of the buffer; only in its first page */
	size_t buffer_size;         /* requested size of the buffer; only in its first page */
};

/* The address of the first frame, and the struct page of the first frame. */
extern unsigned char *arena_frames;
extern struct page *arena_pages;

/*
 * Allocates @count contiguous frames. The bytes and the struct pages of the frames become accessible, and
 * still have the values of their last users. Any thread may call the function.
 * Return: the first page; NULL if there are not enough free frames.
 */
struct page *arena_alloc_frames(size_t count);

/* Frees the frame of a page without references. No thread may access the page any more (R8). */
void arena_free_frame(struct page *page);

/* Return: true after the first allocation began to create the arena, also if the creation failed. */
bool arena_creation_has_begun(void);

/* If another thread is creating the arena, the call returns when the arena is created. */
void arena_wait_until_created(void);

/* Takes and releases all locks of the arena. The caller is in a hidden section (sync.h). */
void arena_lock(void);
void arena_unlock(void);

/*
 * Return: the file descriptor of the frames, with frame i at offset i * PAGE_SIZE; -1 without a
 * file. The frames are in a file only if the backend maps a frame at several addresses.
 */
int arena_get_file_descriptor(void);

/* Closes the file of the frames, and uses @file with the same content instead. The caller maps @file. */
void arena_close_and_replace_file(int file);

/* Return: the number N of frames that free lists or callers ever got. These frames are the first N frames. */
size_t arena_count_frames_given_out(void);

/* The size of a frame, in units of struct page. */
#define ARENA_STRIDE (PAGE_SIZE / sizeof(struct page))

/* For arena_address(): address of a frame = address of its struct page * ARENA_STRIDE + arena_skew. */
extern uintptr_t arena_skew;

/* Return: the canonical address of byte 0. Each raw call needs the address, so the function is fast. */
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
