/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Objects of 1 to 24 bytes across the end of a page, for example 8 bytes at offsets 4089 to 4096
 * (use pattern 3). Neighbouring objects belong to different threads, so several threads share each
 * end of a page. The interleavings to find:
 *
 *   1. The part after the edge goes to the wrong page, or the part before it too far:
 *        A: write 8 bytes at 4092: [4092, 4096) and [0, 4) of the next page
 *                                               B: write [4, 28) of the next page
 *        A: its second part is 8 long: B reads A's
 *   2. An aligned word around the object is written back:
 *        A: write bytes 4089, 4090, 4091        B: write 4088
 *        A: store [4088, 4096)                  B: reads its old byte
 *   3. An object at 4096 of one page is at 0 of the next: an empty write at the end.
 *
 * Objects are small: some hundred operations find an injected bug; run a minute for others.
 */
#include <errno.h>

#include "stress/shared_file.h"

#define OBJECT 24
#define PIECE  25 /* no multiple of a word, so owners share words */

enum { NO_BUG, RANGE = SHARED_FILE_BUG_RANGE, WORD };

/* The injected bug: changes the span's first byte by a read and a write of the word around it. */
static void rewrite_word(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };
	unsigned char word[8];
	size_t off;

	shared_file_next_chunk(self, span, &chunk);
	off = chunk.off & ~(size_t)7;
	page_read_raw(chunk.page, word, off, sizeof(word));
	word[chunk.off & 7]++;
	stress_widen_window();
	chunk.expected[0]++;
	page_write_raw(chunk.page, word, off, sizeof(word));
}

static void write_object(struct stress_thread *self)
{
	struct span span = shared_file_pick_page_end(self, OBJECT);

	if (self->run->bug_number == WORD) {
		rewrite_word(self, span);
		shared_file_check(self, span);
	} else {
		shared_file_write(self, span);
	}
}

static void zero_object(struct stress_thread *self)
{
	shared_file_zero(self, shared_file_pick_page_end(self, OBJECT));
}

static void read_object(struct stress_thread *self)
{
	shared_file_check(self, shared_file_pick_page_end(self, OBJECT));
}

/* An empty access at the end of a page is allowed; a byte there is out of bounds. */
static void access_page_end(struct stress_thread *self)
{
	struct span span = shared_file_pick_page_end(self, OBJECT);
	struct chunk chunk = { 0 };
	unsigned char byte = 0;

	while (shared_file_next_chunk(self, span, &chunk)) {
		stress_expect_ok(self, "page_write_raw(PAGE_SIZE, 0)",
				 page_write_raw(chunk.page, &byte, PAGE_SIZE, 0));
		stress_expect(self, "page_write_raw(PAGE_SIZE, 1)",
			      page_write_raw(chunk.page, &byte, PAGE_SIZE, 1), -EINVAL);
	}
	shared_file_check(self, span);
}

/* Enough pieces that each thread has page ends of its own. */
static void prepare_run(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 2 * PAGE_SIZE / PIECE + 1);
}

const struct stress_pattern stress_edge = {
	.name = "edge",
	.summary = "write small objects across page ends, next to objects of other threads",
	.threads_min = 1,
	.operations = {
		{ "write", 4, .run = write_object, .page_call = "write_raw" },
		{ "zero", 1, .run = zero_object, .page_call = "fill_zero" },
		{ "read", 3, .run = read_object, .page_call = "read_raw" },
		{ "nothing", 1, .run = access_page_end },
	},
	.bugs = {
		{ "range", .effect = "an object has one byte too many" },
		{ "word", .effect = "a store reads and writes back the word around its byte" },
	},
	.prepare = prepare_run,
	.finish = shared_file_destroy,
};
