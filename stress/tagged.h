/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes that identify the thread that wrote them: each 8 bytes are a tag XORed with a hash of their position.
 * A tag consists of a thread's index and a generation, which counts the tags that the thread has made. A
 * check of bytes detects the wrong position, thread or generation, and decodes the tag that it found.
 */
#pragma once

#include "stress/stress.h"

/* Return: a new tag, with the thread's next generation; never 0. */
uint64_t tagged_make_next_tag(struct stress_thread *self);

/* Fills @to with the bytes that an object with the tag has at [pos, pos + len). */
void tagged_fill_bytes(unsigned char *to, uint64_t tag, size_t pos, size_t len);

/* Reports a failure, with @bytes_name first, unless @bytes are those of the tag at [pos, pos + len). */
void tagged_check_bytes(struct stress_thread *self, const char *bytes_name, const unsigned char *bytes,
			uint64_t tag, size_t pos, size_t len);

/* ---- tagged pages: the first 8 bytes are the tag itself, so that any thread can check the page ---- */

/* Fills the page with bytes of a new tag of the thread. Return: the tag. */
uint64_t tagged_write_page_with_next_tag(struct stress_thread *self, struct page *page);

/* Allocates and fills a tagged page. Return: NULL only under pressure, or after a reported failure. */
struct page *tagged_alloc_and_write_page(struct stress_thread *self);

/* Checks all bytes of a tagged page. @expected_tag: 0 if the caller does not know the page's tag. */
void tagged_check_page(struct stress_thread *self, const char *bytes_name, struct page *page,
		       uint64_t expected_tag);

/* Checks and frees a tagged page that any thread may have written. @page: may be NULL. */
void tagged_check_and_free_page(struct stress_thread *self, struct page *page);

/*
 * ---- entries, through which threads pass tagged pages ----
 *
 * The common page has atomic entries of 8 bytes, which are addresses of pages or 0. Each access to an entry
 * maps the common page. A page belongs to the thread that took its address out of an entry.
 */

/*
 * Stores @page, which may be NULL, in a random entry. The thread that takes a page out sees all that was
 * written to the page before the page was stored. Return: the page that was in the entry, or NULL.
 */
struct page *entries_exchange_random_entry(struct stress_thread *self, struct page *page);

/* Checks and frees the pages of all entries, at the end of the run. */
void entries_check_and_free_pages(struct stress_thread *first);
