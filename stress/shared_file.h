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
	size_t span_bytes_before; /* bytes of the span before the chunk */
	unsigned char *expected;
};

/* A pattern's injected bug number 1, "range": operations write one byte of the neighbour. */
#define SHARED_FILE_BUG_RANGE 1

/* Creates the file with @per_thread pieces of @piece_size bytes for each thread, all zeros. */
void shared_file_create(const struct stress_run *run, size_t piece_size, unsigned int per_thread);

/* Checks and frees the file, on one thread, after all others have ended. */
void shared_file_destroy(struct stress_thread *first);

/*
 * Return: a whole piece of the thread; any part of one; or a part of 1 to @len_max bytes at a
 * page's end.
 */
struct span shared_file_pick_piece(struct stress_thread *self);
struct span shared_file_pick_part(struct stress_thread *self);
struct span shared_file_pick_page_end(struct stress_thread *self, size_t len_max);

/* Return: the span up to the end of its piece. */
struct span shared_file_extend_to_piece_end(struct span span);

/*
 * Gets the next chunk of the span; the first one if @chunk is zeroed.
 * Return: false if there is none.
 */
bool shared_file_next_chunk(struct stress_thread *self, struct span span, struct chunk *chunk);

/* Writes @bytes to a chunk. */
void shared_file_write_chunk(struct stress_thread *self, const struct chunk *chunk,
			     const unsigned char *bytes);

/* Writes new bytes or zeros to the span, with the injected bug to more, and checks the span. */
void shared_file_write(struct stress_thread *self, struct span span);
void shared_file_zero(struct stress_thread *self, struct span span);

/* Reads the span, by a call or through a mapping, and compares it with the expected bytes. */
void shared_file_check(struct stress_thread *self, struct span span);

/* Operations on a part of a piece. */
void shared_file_write_part(struct stress_thread *self);
void shared_file_read_part(struct stress_thread *self);

#endif
