/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads that own adjacent bytes of pages that they share. R3 lets them run in parallel, and R2
 * says why that is safe: a call touches only its own bytes, and does not write back others. The
 * scenarios differ in the pieces of a thread and in the ends that threads share:
 *
 *   split     a buffer that is split over pages, in chunks of min(left, PAGE_SIZE - off), the first
 *             at off, the next at 0 (use pattern 1)
 *   edge      objects of 1 to 24 bytes across the end of a page, for example 8 bytes at offsets
 *             4089 to 4096 (use pattern 3)
 *   tail      tails from where data ends to the end of the piece, including empty tails and tails
 *             with off == PAGE_SIZE; every fourth piece ends at the end of a page (use pattern 4)
 *   disjoint  blocks of one page, of very different sizes (use pattern 5)
 *
 * The interleavings to find:
 *
 *   1. A writes one byte too many, or its second chunk begins at off again, or the part after the
 *      edge of a page goes to the wrong page, or an empty tail clears something:
 *        A: write [0, 5) of its [0, 4)      B: write byte 4
 *                                           B: read byte 4, finds A's value
 *   2. A writes its byte by a read-modify-write of the word around it, as a copy that rounds to
 *      words does (some compilers did so, which was a bug in a file system):
 *        A: load bytes 0..7
 *                                           B: write byte 4
 *        A: change byte 0, store bytes 0..7: byte 4 is old again
 *                                           B: read byte 4, finds its own old value
 *   3. A reads a byte of B. No value is wrong, but it is a data race:
 *        A: read [0, 5) of its [0, 4)       B: write byte 4
 *      Only ThreadSanitizer sees it.
 *   4. A failure in chunk k changes another chunk: earlier ones must be written, later ones
 *      unchanged.
 *   5. An access at 4096 of one page is at 0 of the next: it must fail, unless it is empty.
 *
 * A wrong write is found when the owner checks the byte, unless the owner wrote it again before.
 * Some hundred operations of a thread find an injected bug. Run two seconds as a quick test, and a
 * minute with several seeds after a change in how src/page copies. Use more threads than CPUs: for
 * 2. A must lose its CPU between load and store.
 */
#include <errno.h>
#include <string.h>

#include "stress/owned.h"

/* The injected bug: reads and writes back the word around the first byte of each chunk. */
static void rewrite_words(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };
	unsigned char word[8];

	while (owned_next_chunk(self, span, &chunk)) {
		size_t word_off = chunk.off & ~(size_t)7;

		page_read_raw(chunk.page, word, word_off, sizeof(word));
		word[chunk.off & 7]++;
		stress_widen_window();
		chunk.expected_bytes[0]++;
		page_write_raw(chunk.page, word, word_off, sizeof(word));
	}
}

static void write_span(struct stress_thread *self, struct span span)
{
	if (stress_has_bug("word") || stress_has_bug("rmw")) {
		rewrite_words(self, span);
		owned_check_span(self, span);
	} else {
		owned_write_span(self, span);
	}
}

static void write_span_by_mapping(struct stress_thread *self, struct span span)
{
	owned_write_span_by(self, span, BY_MAPPING);
	owned_check_span(self, span);
}

/* Also reads the byte after the span, if the bug is injected. */
static void check_span_by_call(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };
	unsigned char byte;

	owned_check_span_by(self, span, BY_CALL);
	while (stress_has_bug("peek") && owned_next_chunk(self, span, &chunk))
		if (chunk.off + chunk.len < PAGE_SIZE)
			page_read_raw(chunk.page, &byte, chunk.off + chunk.len, 1);
}

static void check_span_by_mapping(struct stress_thread *self, struct span span)
{
	owned_check_span_by(self, span, BY_MAPPING);
}

/* Writes a piece up to a chunk that fails, as for a caller that has no page for it. */
static void write_until_failure(struct stress_thread *self, struct span span)
{
	enum access_kind kind = current_run.is_bare ? BY_ADDRESS : BY_CALL;
	unsigned int left = stress_pick_number(self, 3);
	unsigned char bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	memset(bytes, (int)stress_pick_number(self, 256), sizeof(bytes));
	for (; owned_next_chunk(self, span, &chunk) && left; left--) {
		memcpy(chunk.expected_bytes, bytes, chunk.len);
		owned_write_chunk(self, &chunk, kind, bytes);
	}
	while (stress_has_bug("goes-on") && owned_next_chunk(self, span, &chunk))
		owned_write_chunk(self, &chunk, kind, bytes);
	owned_check_span(self, span);
}

/* An empty access at the end of a range or of a page is allowed; a byte after a page is not. */
static void check_accesses_at_ends(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };
	unsigned char byte = 0;

	while (owned_next_chunk(self, span, &chunk)) {
		size_t end = chunk.off + chunk.len;
		size_t empty = stress_has_bug("nothing") && end < PAGE_SIZE;

		stress_expect(self, "page_fill_zero(end, 0)",
			      page_fill_zero(chunk.page, end, empty), 0);
		stress_expect(self, "page_fill_zero(PAGE_SIZE, 1)",
			      page_fill_zero(chunk.page, PAGE_SIZE, 1), -EINVAL);
		stress_expect(self, "page_write_raw(PAGE_SIZE, 0)",
			      page_write_raw(chunk.page, &byte, PAGE_SIZE, 0), 0);
		stress_expect(self, "page_write_raw(PAGE_SIZE, 1)",
			      page_write_raw(chunk.page, &byte, PAGE_SIZE, 1), -EINVAL);
	}
	owned_check_span(self, span);
}

#define WRITE(weight_, pick_) \
	{ "write", weight_, .pick = pick_, .access = write_span, .page_call = "write_raw" }
#define ZERO(name_, weight_, pick_) \
	{ name_, weight_, .pick = pick_, .access = owned_zero_span, .page_call = "fill_zero" }
#define READ(weight_, pick_, access_) \
	{ "read", weight_, .pick = pick_, .access = access_, .page_call = "read_raw" }

const struct stress_scenario stress_split = {
	.can_run_bare = true,
	/* One and a half pages, and no multiple of a smaller unit. */
	.layout = { .piece_size = 6151, .pieces_per_thread = 1, .copies = 1 },
	.operations = {
		WRITE(4, owned_pick_piece_part),
		READ(2, owned_pick_piece_part, owned_check_span),
		{ "broken", 1, .pick = owned_pick_piece, .access = write_until_failure },
	},
};

const struct stress_scenario stress_edge = {
	/* No multiple of a word, so owners share words; so many that each thread has page ends. */
	.layout = { .piece_size = 25, .pieces_per_thread = 2 * PAGE_SIZE / 25 + 1, .copies = 1 },
	.operations = {
		WRITE(4, owned_pick_at_page_end),
		ZERO("zero", 1, owned_pick_at_page_end),
		READ(3, owned_pick_at_page_end, owned_check_span),
		{ "nothing", 1, .pick = owned_pick_at_page_end, .access = check_accesses_at_ends },
	},
};

const struct stress_scenario stress_tail = {
	.layout = { .piece_size = 1024, .pieces_per_thread = 4, .copies = 1 },
	.operations = {
		WRITE(4, owned_pick_piece_part),
		ZERO("tail", 3, owned_pick_piece_tail),
		{ "empty", 2, .pick = owned_pick_piece, .access = check_accesses_at_ends },
	},
};

const struct stress_scenario stress_disjoint = {
	.layout = { .piece_size = OWNED_MIXED, .copies = 1 },
	.operations = {
		WRITE(1, owned_pick_piece_part),
		ZERO("zero", 1, owned_pick_piece_part),
		{ "store", 1, .pick = owned_pick_piece_part, .access = write_span_by_mapping },
		READ(1, owned_pick_piece_part, check_span_by_call),
		{ "load", 1, .pick = owned_pick_piece_part, .access = check_span_by_mapping },
	},
};
