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
 * Some hundred operations find a planted bug; run a minute after a change in page_fill_zero().
 */
#include <errno.h>

#include "stress/shared_file.h"

#define PIECE 1024

enum { HEALTHY, RANGE, NOTHING, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "a tail is one byte too long", false },
	[NOTHING] = { "nothing", "a tail of no bytes clears one", false },
	[BUSTED] = { NULL, NULL, false },
};

static void start(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 4);
}

static void write_some(struct stress_thread *self)
{
	struct span span = shared_file_pick_part(self, PIECE);

	shared_file_write(self, span);
	shared_file_check(self, span);
}

static void zero_tail(struct stress_thread *self)
{
	struct span span = shared_file_pick_part(self, PIECE);

	span.len = shared_file_extend_span(span).len - 1;
	shared_file_zero(self, self->run->busted == RANGE ? shared_file_extend_span(span) : span);
	shared_file_check(self, span);
}

/* Zeroes an empty range after a piece, which may be the end of the page. */
static int zero_nothing(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	size_t end = chunk->off + chunk->len;
	size_t len = self->run->busted == NOTHING && end < PAGE_SIZE;

	(void)ctx;
	stress_expect_ok(self, "page_fill_zero(end, 0)",
			 page_fill_zero(chunk->page, end, len));
	if (end == PAGE_SIZE)
		stress_expect(self, "page_fill_zero(PAGE_SIZE, 1)",
			      page_fill_zero(chunk->page, end, 1), -EINVAL);
	return 0;
}

static void empty_tail(struct stress_thread *self)
{
	struct span span = shared_file_pick_piece(self);

	shared_file_for_each_chunk(self, span, zero_nothing, NULL);
	shared_file_check(self, span);
}

static const struct stress_kind kinds[] = {
	{ "write", 4, write_some, "write_raw" },
	{ "tail", 3, zero_tail, "fill_zero" },
	{ "empty", 2, empty_tail, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_tail",
	.about = "Tails are cleared up to where other threads' bytes begin.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.bare = false,
	.start = start,
	.finish = shared_file_destroy,
	.state = shared_file_print_state,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
