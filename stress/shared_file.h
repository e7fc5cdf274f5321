/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file in pages that threads share: pieces of it belong to them in turn, so neighbours
 * are always of different threads and pieces lie across the ends of pages. Each owner
 * knows what its bytes hold; nobody else may touch them (R2, R3).
 *
 * Bytes go in and out as callers do it: in chunks of min(left, PAGE_SIZE - off).
 */
#ifndef STRESS_SHARED_FILE_H
#define STRESS_SHARED_FILE_H

#include "stress/stress.h"

/* Bytes of the file; in one piece. */
struct span {
	size_t pos, len;
};

/* What of a span lies in one page. */
struct chunk {
	struct page *page;
	size_t page_number, off, len;
	size_t done; /* bytes of the span before it */
	unsigned char *expected;
};

/* Makes the file, @per_thread pieces of @piece bytes for each thread, all zeros. */
void shared_file_create(const struct stress_run *run, size_t piece, unsigned int per_thread);

/* Checks all of it, and frees it: on one thread, when all others are done. */
void shared_file_destroy(struct stress_thread *first);

/* All of an own piece; some of one, at least a byte and at most @most; one at a page's end. */
struct span shared_file_pick_piece(struct stress_thread *self);
struct span shared_file_pick_part(struct stress_thread *self, size_t most);
struct span shared_file_pick_page_end(struct stress_thread *self, size_t most);

/* What the owner expects there; a span is in one piece, so it is contiguous. */
unsigned char *shared_file_expected(const struct stress_thread *self, size_t pos);

/* A busted pattern's span: one byte longer, into the neighbour's. */
struct span shared_file_extend_span(struct span span);

/*
 * Calls @fn for one chunk after the other while it returns 0.
 * Return: what the last call returned.
 */
typedef int (*chunk_fn)(struct stress_thread *self, const struct chunk *chunk, void *ctx);
int shared_file_for_each_chunk(struct stress_thread *self, struct span span, chunk_fn fn, void *ctx);

/* @bytes to a chunk. */
void shared_file_write_chunk(struct stress_thread *self, const struct chunk *chunk,
			     const unsigned char *bytes);

/* The next bytes of this owner into @to; they are expected from now on. */
void shared_file_fill_next(struct stress_thread *self, struct span span, unsigned char *to);

/* Write such bytes, write zeros, read and compare: by call or through a mapping. */
void shared_file_write(struct stress_thread *self, struct span span);
void shared_file_zero(struct stress_thread *self, struct span span);
void shared_file_check(struct stress_thread *self, struct span span);

/* For struct stress_pattern. */
void shared_file_print_state(struct message *message, const struct stress_thread *self);

#endif
