/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes of which each belongs to one thread, in pages that threads share. The bytes are those of a
 * file, divided into pieces that belong to the threads in turn: neighbouring pieces belong to
 * different threads, and pieces cross the ends of pages. The file may have several copies, in pages
 * of their own. Each owner knows its bytes; no other thread may access them (R2, R3).
 *
 * Bytes are copied as callers of the library do it: in chunks of min(left, PAGE_SIZE - off).
 */
#ifndef STRESS_OWNED_H
#define STRESS_OWNED_H

#include "stress/stress.h"

/*
 * The layout of one page with pieces of very different sizes: a quarter of the page has single
 * bytes, the next quarter pieces that do not fill half of a cache line, the rest a range for each
 * thread.
 */
#define OWNED_MIXED SIZE_MAX

#define OWNED_PIECE_MAX 8192 /* bytes of the longest piece */

struct piece {
	size_t file_pos, len;
	unsigned char *expected_bytes; /* of the first copy, then of the next */
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
	size_t page_index, off, len;   /* the page's index in the file */
	size_t span_bytes_before;      /* bytes of the span before the chunk */
	unsigned char *expected_bytes; /* those of the chunk */
};

/* BY_ADDRESS: without a mapping, if the file is in a buffer or in memory without the library. */
enum access_kind { BY_CALL, BY_MAPPING, BY_ADDRESS };

/* Creates the file, and writes new bytes to each piece. */
void owned_create(const struct owned_layout *layout);

/* Checks all pieces and frees the file, on the main thread after all other threads have ended. */
void owned_check_all_and_free(void);

/* Pick a piece of the thread, any part of one, or such a part up to the end of its piece. */
struct span owned_pick_piece(struct stress_thread *self);
struct span owned_pick_piece_part(struct stress_thread *self);
struct span owned_pick_piece_tail(struct stress_thread *self);

/* Picks up to 24 bytes that are nearest to the end of a page, across the end if possible. */
struct span owned_pick_at_page_end(struct stress_thread *self);

/*
 * Gets the next chunk of the span; the first one if @chunk is zeroed.
 * Return: false if there is none.
 */
bool owned_next_chunk(struct stress_thread *self, struct span span, struct chunk *chunk);

/* Return: how many bytes an access to the chunk writes: with an injected bug one too many. */
size_t owned_choose_write_length(const struct chunk *chunk);

/* Return: the expected bytes of the span, which its owner may change. */
unsigned char *owned_find_expected_bytes(struct span span);

/* Writes @bytes, owned_choose_write_length() many, to the chunk. */
void owned_write_chunk(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
		       const unsigned char *bytes);

/* Writes new bytes to the span. */
void owned_write_span_by(struct stress_thread *self, struct span span, enum access_kind kind);

/* Writes new bytes to a span of a page that is mapped at @mapped. */
void owned_write_to_mapping(struct stress_thread *self, struct span span, unsigned char *mapped);

/* Fails if @found differs from the expected bytes of the span, once for each difference. */
void owned_compare_bytes(struct stress_thread *self, struct span span, const unsigned char *found);

/* Reads the span and compares it with the expected bytes. */
void owned_check_span_by(struct stress_thread *self, struct span span, enum access_kind kind);

/*
 * Operations. Each of them checks the span at its end. A check chooses at random whether it reads
 * by a call or through a mapping.
 */
void owned_write_span(struct stress_thread *self, struct span span);
void owned_zero_span(struct stress_thread *self, struct span span);
void owned_check_span(struct stress_thread *self, struct span span);

#endif
