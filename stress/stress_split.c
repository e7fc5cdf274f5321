/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A buffer that is split over pages: chunks of min(left, PAGE_SIZE - off), the first at off, the
 * next at 0 (use pattern 1). Threads own pieces of one file that begin and end in the middle of
 * pages, so they share the pages at the ends. The interleavings to find:
 *
 *   1. A's last chunk is too long, or its second begins at off again:
 *        A: write page 1 [0, 2055] of its [0, 2055)     B: write byte 2055
 *                                                       B: read it, finds A's
 *   2. A copy that rounds to words writes back what it read of the neighbour:
 *        A: load [2048, 2056)                           B: write byte 2055
 *        A: store [2048, 2056)                          B: reads its old byte
 *   3. A failure in chunk k changes another chunk: earlier ones must be written, later ones
 *      unchanged.
 *
 * A hundred operations find an injected bug; run a minute after a change in how src/page copies.
 */
#include <string.h>

#include "stress/shared_file.h"

/* One and a half pages, and no multiple of a smaller unit. */
#define PIECE 6151

enum { NO_BUG, RANGE = SHARED_FILE_BUG_RANGE, GOES_ON };

/* Writes a piece up to a chunk that fails, as for a caller that has no page for it. */
static void write_until_failure(struct stress_thread *self)
{
	struct span span = shared_file_pick_piece(self);
	unsigned int left = stress_random(self, 3);
	struct chunk chunk = { 0 };
	unsigned char bytes[PIECE];

	memset(bytes, (int)stress_random(self, 256), sizeof(bytes));
	for (; shared_file_next_chunk(self, span, &chunk) && left; left--) {
		memcpy(chunk.expected, bytes + chunk.span_bytes_before, chunk.len);
		shared_file_write_chunk(self, &chunk, bytes + chunk.span_bytes_before);
	}
	while (self->run->bug_number == GOES_ON && shared_file_next_chunk(self, span, &chunk))
		shared_file_write_chunk(self, &chunk, bytes + chunk.span_bytes_before);
	shared_file_check(self, span);
}

static void prepare_run(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 1);
}

const struct stress_pattern stress_split = {
	.name = "split",
	.summary = "write buffers that are split over pages, whose ends threads share",
	.threads_min = 1,
	.can_run_bare = true,
	.operations = {
		{ "write", 4, .run = shared_file_write_part, .page_call = "write_raw" },
		{ "read", 2, .run = shared_file_read_part, .page_call = "read_raw" },
		{ "broken", 1, .run = write_until_failure },
	},
	.bugs = {
		{ "range", .effect = "the last chunk is one byte too long, into bytes of another thread" },
		{ "goes-on", .effect = "a writer continues after a chunk that failed" },
	},
	.prepare = prepare_run,
	.finish = shared_file_destroy,
};
