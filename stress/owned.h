/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads share pages, but each byte belongs to one thread: no other thread may read or write it (R2, R3).
 * The bytes are those of a "file" in memory, which is divided into pieces. Piece N belongs to thread N modulo
 * the number of threads, so neighbouring pieces belong to different threads; pieces may cross the ends of
 * pages. The file may have several copies, each in pages of its own. The owner of a piece knows its bytes.
 *
 * A range of bytes is copied in chunks that do not cross the end of a page, as callers of the library do it.
 */
#pragma once

#include "stress/stress.h"

/*
 * The layout of one page with pieces of very different sizes: the first quarter of the page has pieces of
 * one byte, the next quarter pieces of up to 24 bytes, and the rest longer pieces, about one for each thread.
 */
#define OWNED_MIXED SIZE_MAX

#define OWNED_PIECE_MAX 8192 /* number of bytes of the longest piece */

struct piece {
	size_t file_pos, len;
	unsigned char *expected_bytes; /* those of the first copy, then those of the next */
};

/* A range of bytes within one copy of a piece. */
struct span {
	const struct piece *piece;
	unsigned int copy_index;
	size_t file_pos, len;
};

/* A part of a span that is in one page. */
struct chunk {
	struct page *page;
	size_t page_index;             /* the page's index in its copy of the file */
	size_t off, len;               /* offset in the page, and length */
	size_t span_pos;               /* the position of the chunk in the span */
	unsigned char *expected_bytes; /* those of the chunk */
};

/* Allocates the file for all threads, and writes new bytes to each piece. */
void owned_allocate_and_fill_file(const struct owned_layout *layout);

/* Checks all pieces and frees the file. The main thread calls it after all other threads have ended. */
void owned_check_and_free_file(void);

/* Pick a random piece of the thread, a random part of one, or the tail of one from a random byte on. */
struct span owned_pick_piece(struct stress_thread *self);
struct span owned_pick_piece_part(struct stress_thread *self);
struct span owned_pick_piece_tail(struct stress_thread *self);

/*
 * Picks up to 24 bytes near the end of a random page, often across the end. If no piece of the
 * thread is there, picks a random part of any piece.
 */
struct span owned_pick_near_end_or_part(struct stress_thread *self);

/*
 * Changes @chunk to the next chunk of the span, or to the first one if @chunk is zeroed, and records it as
 * what the operation accesses. Return: false if the span has no more chunks.
 */
bool owned_advance_and_record_chunk(struct stress_thread *self, struct span span, struct chunk *chunk);

/* Return: the length of the chunk; one more if the injected bug writes one byte too many. */
size_t owned_compute_write_length_with_bug(const struct chunk *chunk);

/* Return: the expected bytes of the span, which the owner of the span may change. */
unsigned char *owned_get_expected_bytes(struct span span);

/* Writes @bytes to the chunk. @bytes: owned_compute_write_length_with_bug() bytes. */
void owned_write_chunk_with_bug(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
				const unsigned char *bytes);

/* Writes new bytes to the span, and expects them from then on. */
void owned_write_new_bytes(struct stress_thread *self, struct span span, enum access_kind kind);

/* Writes new bytes to a span that is in one page. @mapped_page: the address of a mapping of the page. */
void owned_write_new_bytes_to_mapping(struct stress_thread *self, struct span span,
				      unsigned char *mapped_page);

/*
 * Reports a failure if @found_bytes are not the expected bytes of the span, and expects them from then on,
 * so that each difference is reported once.
 */
void owned_check_and_accept_bytes(struct stress_thread *self, struct span span,
				  const unsigned char *found_bytes);

/* Reads the span by the given kind of access, and checks the bytes that it found. */
void owned_check_span_by(struct stress_thread *self, struct span span, enum access_kind kind);

/*
 * Operations of scenarios. Each of them ends with owned_check_span_by_random_kind(), which reads the span by
 * a kind of access that it chooses at random.
 */
void owned_write_and_check_span(struct stress_thread *self, struct span span);
void owned_write_by_kind_and_check(struct stress_thread *self, struct span span, enum access_kind kind);
void owned_zero_and_check_span(struct stress_thread *self, struct span span);
void owned_check_span_by_random_kind(struct stress_thread *self, struct span span);
