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
 * A hundred operations find a planted bug; run a minute after a change in how src/page copies.
 */
#include <errno.h>
#include <string.h>

#include "stress/shared_file.h"

/* One and a half pages, and no multiple of a smaller unit. */
#define PIECE 6151

enum { HEALTHY, RANGE, GOES_ON, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "the last chunk goes one byte into the neighbour's", false },
	[GOES_ON] = { "goes-on", "after a chunk that failed the next ones are written", false },
	[BUSTED] = { NULL, NULL, false },
};

static void start(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 1);
}

static void write_some(struct stress_thread *self)
{
	struct span span = shared_file_pick_part(self, PIECE);

	shared_file_write(self, self->run->busted == RANGE ? shared_file_extend_span(span) : span);
	shared_file_check(self, span);
}

static void read_some(struct stress_thread *self)
{
	shared_file_check(self, shared_file_pick_part(self, PIECE));
}

/* Chunk number @bad fails, as for a caller that has no page for it. */
struct broken {
	unsigned char bytes[PIECE];
	unsigned int nth, bad;
};

static int write_until(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	struct broken *broken = ctx;
	bool before = broken->nth < broken->bad;

	if (broken->nth++ == broken->bad)
		return self->run->busted == GOES_ON ? 0 : -ENOMEM;
	if (before) /* later chunks must not be written */
		memcpy(chunk->expected, broken->bytes + chunk->done, chunk->len);
	shared_file_write_chunk(self, chunk, broken->bytes + chunk->done);
	return 0;
}

static void write_broken(struct stress_thread *self)
{
	struct span span = shared_file_pick_piece(self);
	struct broken broken = { .bad = (unsigned int)stress_thread_random(self, 3) };

	memset(broken.bytes, (int)stress_thread_random(self, 256), sizeof(broken.bytes));
	shared_file_for_each_chunk(self, span, write_until, &broken);
	shared_file_check(self, span);
}

static const struct stress_kind kinds[] = {
	{ "write", 4, write_some, "write_raw" },
	{ "read", 2, read_some, "read_raw" },
	{ "broken", 1, write_broken, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_split",
	.about = "Buffers split over pages that threads share at their ends.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.bare = true,
	.start = start,
	.finish = shared_file_destroy,
	.state = shared_file_print_state,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
