/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads own adjacent bytes of shared pages. R3 allows threads to access these bytes at the same time, which
 * is safe by R2: a call accesses only the bytes of its range, and does not write back other bytes.
 *
 * The scenarios differ in the sizes of the pieces, and in where pieces of different threads meet:
 *
 *   `split`     a buffer that is split over pages, in chunks of min(left, PAGE_SIZE - off) bytes: the first
 *               chunk is at off, the next ones at 0.
 *   `edge`      objects of 1 to 24 bytes across the end of a page, for example 8 bytes at offsets 4089 to
 *               4096.
 *   `tail`      clears tails, from a random byte to the end of the piece, including empty tails and tails
 *               with off == PAGE_SIZE. Every fourth piece ends at the end of a page.
 *   `disjoint`  blocks of one page, of very different sizes.
 *
 * The errors to find (A and B are threads):
 *
 *   Error 1: A writes one byte too many, or A's second chunk begins at off again, or the part after the end
 *     of a page goes to the wrong page, or an empty tail clears something [P136] [P139]:
 *        A: write [0, 5) of its [0, 4)      B: write byte 4
 *                                           B: read byte 4, finds A's value.
 *   Error 2: A writes its byte by a read-modify-write of the word around it, as a copy that rounds to words
 *     does (some compilers made such code, which was a bug in a file system) [P2]:
 *        A: load bytes 0..7
 *                                           B: write byte 4
 *        A: change byte 0, store bytes 0..7: byte 4 is old again
 *                                           B: read byte 4, finds its own old value.
 *   Error 3: A reads a byte of B; only ThreadSanitizer detects this data race, because no value is
 *     wrong [P132]:
 *        A: read [0, 5) of its [0, 4)       B: write byte 4.
 *   Error 4: A failure in chunk k changes another chunk: chunks before k must be written, chunks after k
 *     unchanged.
 *   Error 5: An access at offset 4096 of one page accesses byte 0 of the next page: the call must fail,
 *     unless the access is empty [P1] [P137] [P140].
 *
 * The owner of a byte detects a wrong write when it checks the byte, unless it overwrote the byte before. A
 * few hundred operations of a thread detect an injected bug. Run for two seconds as a quick test, and for a
 * minute with several seeds after a change in how src/page copies. Use more threads than CPUs, because error
 * 2 needs a thread that the scheduler interrupts between the load and the store.
 */
#include <errno.h>
#include <string.h>

#include "stress/owned.h"

/* The injected bug: increments the first byte of each chunk, by a read and a write of the word around it. */
static void inject_read_modify_write_bug(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };
	unsigned char word_bytes[8];

	while (owned_get_next_chunk_and_record_access(self, span, &chunk)) {
		size_t word_off = chunk.off & ~(size_t)7;

		page_read_raw(chunk.page, word_bytes, word_off, sizeof(word_bytes));
		word_bytes[chunk.off & 7]++;
		stress_let_other_threads_run();
		chunk.expected_bytes[0]++;
		page_write_raw(chunk.page, word_bytes, word_off, sizeof(word_bytes));
	}
}

static void write_and_check_with_bug(struct stress_thread *self, struct file_span span)
{
	if (stress_injects_bug("word") || stress_injects_bug("rmw")) {
		inject_read_modify_write_bug(self, span);
		owned_check_span_by_random_kind(self, span);
	} else {
		owned_write_and_check_span(self, span);
	}
}

/* Checks the span; with --busted=peek, also reads the byte after each chunk. */
static void check_span_with_peek_bug(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };
	unsigned char byte_read_by_bug;

	owned_check_span_by(self, span, BY_CALL);
	while (stress_injects_bug("peek") && owned_get_next_chunk_and_record_access(self, span, &chunk))
		if (chunk.off + chunk.len < PAGE_SIZE)
			page_read_raw(chunk.page, &byte_read_by_bug, chunk.off + chunk.len, 1);
}

/* Writes at most two chunks of the span, then stops, like a caller that cannot allocate a further page. */
static void write_few_chunks_and_check(struct stress_thread *self, struct file_span span)
{
	enum access_kind kind = current_run.is_bare ? BY_ADDRESS : BY_CALL;
	unsigned int chunks_left = stress_pick_number(self, 3);
	unsigned char bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	memset(bytes, (int)stress_pick_number(self, 256), sizeof(bytes));
	for (; owned_get_next_chunk_and_record_access(self, span, &chunk) && chunks_left; chunks_left--) {
		memcpy(chunk.expected_bytes, bytes, chunk.len);
		owned_write_chunk_with_bug(self, &chunk, kind, bytes);
	}
	while (stress_injects_bug("goes-on") && owned_get_next_chunk_and_record_access(self, span, &chunk))
		owned_write_chunk_with_bug(self, &chunk, kind, bytes);
	owned_check_span_by_random_kind(self, span);
}

/* An empty access at the end of a chunk or page must succeed; a longer access at a page's end must fail. */
static void check_calls_at_chunk_ends(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };
	unsigned char byte = 0;

	while (owned_get_next_chunk_and_record_access(self, span, &chunk)) {
		size_t end = chunk.off + chunk.len;
		size_t len = stress_injects_bug("nothing") && end < PAGE_SIZE;

		stress_expect_equal(self, "page_fill_zero(end, 0)", page_fill_zero(chunk.page, end, len), 0);
		stress_expect_equal(self, "page_fill_zero(PAGE_SIZE, 1)",
				    page_fill_zero(chunk.page, PAGE_SIZE, 1), -EINVAL);
		stress_expect_equal(self, "page_write_raw(PAGE_SIZE, 0)",
				    page_write_raw(chunk.page, &byte, PAGE_SIZE, 0), 0);
		stress_expect_equal(self, "page_write_raw(PAGE_SIZE, 1)",
				    page_write_raw(chunk.page, &byte, PAGE_SIZE, 1), -EINVAL);
	}
	owned_check_span_by_random_kind(self, span);
}

#define WRITE(weight_, pick_)                                                        \
	{                                                                            \
		"write", weight_, .pick = pick_, .access = write_and_check_with_bug, \
				  .page_call = "write_raw"                           \
	}
#define ZERO(name_, weight_, pick_)                                                                          \
	{                                                                                                    \
		name_, weight_, .pick = pick_, .access = owned_zero_and_check_span, .page_call = "fill_zero" \
	}
#define READ(weight_, pick_, access_)                                                      \
	{                                                                                  \
		"read", weight_, .pick = pick_, .access = access_, .page_call = "read_raw" \
	}

const struct stress_scenario stress_split = {
	.can_run_bare = true,
	/* A piece has about one and a half pages; its size is no multiple of a word or cache line. */
	.layout = { .piece_size = 6151, .pieces_per_thread = 1, .copy_count = 1 },
	.operations = {
		WRITE(4, owned_pick_piece_part),
		READ(2, owned_pick_piece_part, owned_check_span_by_random_kind),
		{ "broken", 1, .pick = owned_pick_piece, .access = write_few_chunks_and_check },
	},
};

const struct stress_scenario stress_edge = {
	/* 25 is no multiple of a word, so threads share words. A thread has about two pages of pieces. */
	.layout = { .piece_size = 25, .pieces_per_thread = 2 * PAGE_SIZE / 25 + 1, .copy_count = 1 },
	.operations = {
		WRITE(4, owned_pick_near_end_or_part),
		ZERO("zero", 1, owned_pick_near_end_or_part),
		READ(3, owned_pick_near_end_or_part, owned_check_span_by_random_kind),
		{ "nothing", 1, .pick = owned_pick_near_end_or_part, .access = check_calls_at_chunk_ends },
	},
};

const struct stress_scenario stress_tail = {
	.layout = { .piece_size = 1024, .pieces_per_thread = 4, .copy_count = 1 },
	.operations = {
		WRITE(4, owned_pick_piece_part),
		ZERO("tail", 3, owned_pick_piece_tail),
		{ "empty", 2, .pick = owned_pick_piece, .access = check_calls_at_chunk_ends },
	},
};

const struct stress_scenario stress_disjoint = {
	.layout = { .piece_size = OWNED_MIXED, .copy_count = 1 },
	.operations = {
		WRITE(1, owned_pick_piece_part),
		ZERO("zero", 1, owned_pick_piece_part),
		{ "store", 1, .pick = owned_pick_piece_part, .access_by = owned_write_by_kind_and_check,
		  .kind = BY_MAPPING },
		READ(1, owned_pick_piece_part, check_span_with_peek_bug),
		{ "load", 1, .pick = owned_pick_piece_part, .access_by = owned_check_span_by,
		  .kind = BY_MAPPING },
	},
};
