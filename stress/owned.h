/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads share pages, but each byte belongs to one thread: no other thread may read or write the byte (R2,
 * R3). These bytes form a file in memory, which is divided into pieces. Piece N belongs to thread N
 * modulo the number of threads, so neighbouring pieces belong to different threads; pieces may cross the ends
 * of pages. The file may have several copies, each in pages of its own. The owner of a piece knows the bytes
 * that the piece must have.
 *
 * A range of bytes is copied in chunks that do not cross the end of a page, as typical callers of the library
 * do.
 */
#pragma once

#include "stress/stress.h"

/*
 * A layout of one page, with pieces of very different sizes. The first quarter of the page has pieces of one
 * byte, the second quarter has pieces of up to 24 bytes. The rest has about one longer piece for each thread.
 */
#define OWNED_MIXED SIZE_MAX

#define OWNED_PIECE_MAX 8192 /* number of bytes of the longest piece */

struct piece {
	size_t file_pos, len;
	unsigned char *expected_bytes; /* of the first copy of the file, then of the next */
};

/* A range of bytes inside one `struct piece`, in one copy of the file. */
struct file_span {
	const struct piece *piece;
	unsigned int copy_index;
	size_t file_pos, len;
};

/* A part of a span that is in one page. */
struct chunk {
	struct page *page;
	size_t page_index;             /* index of the page in this copy of the file */
	size_t off, len;               /* the offset of the chunk in the page, and its length */
	size_t span_pos;               /* index of the chunk's first byte in the span */
	unsigned char *expected_bytes; /* the expected bytes of the chunk */
};

/* Allocates the file for all threads, and writes new bytes to each piece. */
void owned_allocate_and_fill_file(const struct owned_layout *layout);

/* Checks all pieces and frees the file. The main thread calls this function after all threads ended. */
void owned_check_and_free_file(void);

/* Pick a random piece of the thread, a random part of such a piece, or its tail from a random byte on. */
struct file_span owned_pick_piece(struct stress_thread *self);
struct file_span owned_pick_piece_part(struct stress_thread *self);
struct file_span owned_pick_piece_tail(struct stress_thread *self);

/*
 * Picks up to 24 bytes of the thread near the end of a random page, often across the end of the page. If the
 * thread has no piece at that end, picks a random part of one of its pieces.
 */
struct file_span owned_pick_near_end_or_part(struct stress_thread *self);

/*
 * Changes @chunk to the next chunk of the span, or to the first chunk if @chunk is zeroed. Records the chunk
 * as the bytes that the operation accesses. Return: false if the span has no more chunks.
 */
bool owned_get_next_chunk_and_record_access(struct stress_thread *self, struct file_span span,
					    struct chunk *chunk);

/* Return: the length of the chunk, plus one if the injected bug writes one byte too many. */
size_t owned_compute_write_length_with_bug(const struct chunk *chunk);

/* Return: the expected bytes of the span; only the thread that owns the span may change them. */
unsigned char *owned_get_expected_bytes(struct file_span span);

/* Writes owned_compute_write_length_with_bug() bytes, from @bytes, to the chunk. */
void owned_write_chunk_with_bug(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
				const unsigned char *bytes);

/* Writes new bytes to the span; later checks expect the new bytes. */
void owned_write_new_bytes(struct stress_thread *self, struct file_span span, enum access_kind kind);

/* Writes new bytes to a span that is in one page, through a mapping of this page at @mapped_page. */
void owned_write_new_bytes_to_mapping(struct stress_thread *self, struct file_span span,
				      unsigned char *mapped_page);

/*
 * Reports a failure if @found_bytes are not the expected bytes of the span. Later checks expect @found_bytes,
 * so that each difference is reported once.
 */
void owned_check_and_accept_bytes(struct stress_thread *self, struct file_span span,
				  const unsigned char *found_bytes);

/* Reads the span by the given kind of access, and checks the bytes that were read. */
void owned_check_span_by(struct stress_thread *self, struct file_span span, enum access_kind kind);

/*
 * Operations of scenarios. Each operation ends with owned_check_span_by_random_kind(), which checks the span
 * by a random kind of access.
 */
void owned_write_and_check_span(struct stress_thread *self, struct file_span span);
void owned_write_by_kind_and_check(struct stress_thread *self, struct file_span span, enum access_kind kind);
void owned_zero_and_check_span(struct stress_thread *self, struct file_span span);
void owned_check_span_by_random_kind(struct stress_thread *self, struct file_span span);
