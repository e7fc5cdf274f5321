/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes that identify the thread that wrote them: each 8 bytes are a tag XORed with a hash of their position.
 * The tag consists of the thread's index and a generation, the number of tags that the thread has made. A
 * check detects bytes of another position, thread or generation, and decodes the tag that it found.
 */
#ifndef STRESS_TAGGED_H
#define STRESS_TAGGED_H

#include "stress/stress.h"

/* Return: a new tag, with the thread's next generation; it is not 0. */
uint64_t tagged_make_next_tag(struct stress_thread *self);

/* Fills @to with the bytes at [pos, pos + len) of an object with this tag. */
void tagged_fill_bytes(unsigned char *to, uint64_t tag, size_t pos, size_t len);

/* Reports a failure that begins with @bytes_name if a byte is not that of the tag at its position. */
void tagged_check_bytes(struct stress_thread *self, const char *bytes_name, const unsigned char *bytes,
			uint64_t tag, size_t pos, size_t len);

/* ---- tagged pages: the first 8 bytes are the tag itself, for threads that do not know it ---- */

/* Fills a page with the bytes of the thread's next tag. Return: the tag. */
uint64_t tagged_write_page_with_next_tag(struct stress_thread *self, struct page *page);

/* Allocates and writes a tagged page. Return: NULL only under pressure, or after a reported failure. */
struct page *tagged_alloc_and_write_page(struct stress_thread *self);

/* Checks all bytes of a tagged page. @expected_tag: 0 if the thread does not know the tag. */
void tagged_check_page(struct stress_thread *self, const char *bytes_name, struct page *page,
		       uint64_t expected_tag);

/* Checks and frees a tagged page that any thread may have written. @page: may be NULL. */
void tagged_check_and_free_page(struct stress_thread *self, struct page *page);

/*
 * ---- entries, through which threads pass tagged pages ----
 *
 * The common page has atomic entries of 8 bytes, which are addresses of pages or 0. Each access maps the
 * common page. A page belongs to the thread that got its address from an entry.
 */

/*
 * Stores @page, which may be NULL, in a random entry. A thread that gets a page sees what was written to the
 * page before another thread stored it. Return: the page that was in the entry, or NULL.
 */
struct page *entries_exchange_random_entry(struct stress_thread *self, struct page *page);

/* Checks and frees the pages of all entries, at the end of the run. */
void entries_check_and_free_pages(struct stress_thread *first);

#endif
