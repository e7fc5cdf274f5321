/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Clearing tails: from where data ends to the end of the piece, including empty tails and tails
 * with off == PAGE_SIZE (use pattern 4). Every fourth piece ends at the end of a page. The
 * interleavings to find:
 *
 *   1. A tail that is one byte too long, or rounded up to a word or a cache line:
 *        A: zero [1000, 1024)                   B: write byte 1024
 *        A: zero [1000, 1025)                   B: reads zero
 *   2. An empty tail that clears something:
 *        A: zero [1024, 1024)                   B: write byte 1024, reads zero
 *   3. A tail at the end of the page that clears the first byte of the next.
 *
 * Some hundred operations find an injected bug; run a minute after a change in page_fill_zero().
 */
#include <errno.h>

#include "stress/shared_file.h"

#define PIECE 1024

enum { NO_BUG, RANGE = SHARED_FILE_BUG_RANGE, NOTHING };

static void zero_tail(struct stress_thread *self)
{
	shared_file_zero(self, shared_file_extend_to_piece_end(shared_file_pick_part(self)));
}

/* Zeroes an empty range after a piece, which may be the end of the page. */
static void zero_empty_tail(struct stress_thread *self)
{
	struct span span = shared_file_pick_piece(self);
	struct chunk chunk = { 0 };

	while (shared_file_next_chunk(self, span, &chunk)) {
		size_t end = chunk.off + chunk.len;
		size_t len = self->run->bug_number == NOTHING && end < PAGE_SIZE;

		stress_expect_ok(self, "page_fill_zero(end, 0)",
				 page_fill_zero(chunk.page, end, len));
		if (end == PAGE_SIZE)
			stress_expect(self, "page_fill_zero(PAGE_SIZE, 1)",
				      page_fill_zero(chunk.page, end, 1), -EINVAL);
	}
	shared_file_check(self, span);
}

static void prepare_run(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 4);
}

const struct stress_pattern stress_tail = {
	.name = "tail",
	.summary = "clear tails of pages, up to the bytes of other threads",
	.threads_min = 1,
	.operations = {
		{ "write", 4, .run = shared_file_write_part, .page_call = "write_raw" },
		{ "tail", 3, .run = zero_tail, .page_call = "fill_zero" },
		{ "empty", 2, .run = zero_empty_tail },
	},
	.bugs = {
		{ "range", .effect = "a tail is one byte too long" },
		{ "nothing", .effect = "a tail of 0 bytes clears one byte" },
	},
	.prepare = prepare_run,
	.finish = shared_file_destroy,
};
