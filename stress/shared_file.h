/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file in pages that threads share. Its pieces belong to the threads in turn: neighbouring pieces
 * belong to different threads, and pieces cross the ends of pages. Each owner knows its bytes; no
 * other thread may access them (R2, R3).
 *
 * Bytes are copied as callers of the library do it: in chunks of min(left, PAGE_SIZE - off).
 */
#ifndef STRESS_SHARED_FILE_H
#define STRESS_SHARED_FILE_H

#include "stress/stress.h"

/* A range of the file within one piece. */
struct span {
	size_t pos, len;
};

/* The part of a span that is in one page. */
struct chunk {
	struct page *page;
	size_t page_number, off, len;
	size_t done; /* bytes of the span before the chunk */
	unsigned char *expected;
};

/* Creates the file with @per_thread pieces of @piece bytes for each thread, all zeros. */
void shared_file_create(const struct stress_run *run, size_t piece, unsigned int per_thread);

/* Checks and frees the file, on one thread, after all others have ended. */
void shared_file_destroy(struct stress_thread *first);

/*
 * Return: a whole piece of the thread; a part of one, of 1 to @most bytes; or a part at a
 * page's end.
 */
struct span shared_file_pick_piece(struct stress_thread *self);
struct span shared_file_pick_part(struct stress_thread *self, size_t most);
struct span shared_file_pick_page_end(struct stress_thread *self, size_t most);

/* Return: the expected bytes at @pos; those of a span are contiguous. */
unsigned char *shared_file_expected(const struct stress_thread *self, size_t pos);

/* Return: the span with one byte more, which belongs to the neighbour: a planted bug. */
struct span shared_file_extend_span(struct span span);

/*
 * Calls @fn for each chunk in order while it returns 0.
 * Return: the result of the last call.
 */
typedef int (*chunk_fn)(struct stress_thread *self, const struct chunk *chunk, void *ctx);
int shared_file_for_each_chunk(struct stress_thread *self, struct span span, chunk_fn fn, void *ctx);

/* Writes @bytes to a chunk. */
void shared_file_write_chunk(struct stress_thread *self, const struct chunk *chunk,
			     const unsigned char *bytes);

/* Fills @to with new bytes of this owner, and expects them from now on. */
void shared_file_fill_next(struct stress_thread *self, struct span span, unsigned char *to);

/* Writes new bytes, writes zeros, or reads and compares; by a call or through a mapping. */
void shared_file_write(struct stress_thread *self, struct span span);
void shared_file_zero(struct stress_thread *self, struct span span);
void shared_file_check(struct stress_thread *self, struct span span);

/* The `state` function for struct stress_pattern. */
void shared_file_print_state(struct message *message, const struct stress_thread *self);

#endif
