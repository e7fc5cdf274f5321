/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes that identify their owner: each 8 bytes are a tag mixed with their position. The tag is
 * made of the thread that owns the bytes and a generation, which counts what the thread wrote. A
 * byte of another position, owner or time is wrong, and the tag can be decoded.
 */
#ifndef STRESS_TAGGED_H
#define STRESS_TAGGED_H

#include "stress/stress.h"

/* Return: the next tag of the thread; neither it nor its bytes are 0. */
uint64_t tagged_next_tag(struct stress_thread *self);

/* Fills @to with the bytes at [pos, pos + len) of an object with this tag. */
void tagged_fill_bytes(unsigned char *to, uint64_t tag, size_t pos, size_t len);

/* Reports a failure if a byte differs: "WHAT+pos: expected owner 3 generation 7, found ...". */
void tagged_check_bytes(struct stress_thread *self, const char *what, const unsigned char *bytes,
			uint64_t tag, size_t pos, size_t len);

/* ---- tagged pages: the first 8 bytes are the tag, for threads that do not know the owner ---- */

/* Fills a page with the bytes of the thread's next tag. Return: the tag. */
uint64_t tagged_write_page(struct stress_thread *self, struct page *page);

/* Allocates a tagged page. Return: NULL only under pressure, or after a reported failure. */
struct page *tagged_alloc_page(struct stress_thread *self);

/* Checks a tagged page. @expected: its tag, or 0 if the thread does not know the tag. */
void tagged_check_page(struct stress_thread *self, const char *what, struct page *page,
		       uint64_t expected);

/* Checks and frees a tagged page, whose owner may be any thread. @page: may be NULL. */
void tagged_free_page(struct stress_thread *self, struct page *page);

/*
 * ---- entries, through which threads pass tagged pages ----
 *
 * current_run.page is a page table: atomic entries of 8 bytes with the addresses of pages. It is
 * mapped for each access. A page belongs to the thread that got its address from an entry.
 */

/*
 * Exchanges a random entry with @page or NULL. The thread that gets a page sees what was written to
 * it before. Return: the page that was in the entry, or NULL.
 */
struct page *entries_exchange_page(struct stress_thread *self, struct page *page);

/* At the end: checks and frees the pages of the entries. */
void entries_free_pages(struct stress_thread *first);

#endif
