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
 * Objects are small: some hundred operations find a planted bug; run a minute for others.
 */
#include <errno.h>

#include "stress/shared_file.h"

#define OBJECT 24
#define PIECE  25 /* no multiple of a word, so owners share words */

enum { HEALTHY, RANGE, WORD, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "an object has one byte too many", false },
	[WORD] = { "word", "the word around a byte is read and written back", false },
	[BUSTED] = { NULL, NULL, false },
};

/* Enough pieces that each thread has page ends of its own. */
static void start(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 2 * PAGE_SIZE / PIECE + 1);
}

static int write_word(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	size_t off = chunk->off & ~(size_t)7;
	unsigned char word[8];

	(void)ctx;
	page_read_raw(chunk->page, word, off, sizeof(word));
	word[chunk->off & 7]++;
	stress_widen_window(self);
	chunk->expected[0]++;
	page_write_raw(chunk->page, word, off, sizeof(word));
	return 0;
}

static void write_object(struct stress_thread *self)
{
	struct span span = shared_file_pick_page_end(self, OBJECT);

	if (self->run->busted == RANGE)
		shared_file_write(self, shared_file_extend_span(span));
	else if (self->run->busted == WORD)
		shared_file_for_each_chunk(self, (struct span){ span.pos, 1 }, write_word, NULL);
	else
		shared_file_write(self, span);
	shared_file_check(self, span);
}

static void zero_object(struct stress_thread *self)
{
	struct span span = shared_file_pick_page_end(self, OBJECT);

	shared_file_zero(self, span);
	shared_file_check(self, span);
}

static void read_object(struct stress_thread *self)
{
	shared_file_check(self, shared_file_pick_page_end(self, OBJECT));
}

/* An empty access at the end of a page is allowed; a byte there is out of bounds. */
static int touch_end(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	unsigned char byte = 0;

	(void)ctx;
	stress_expect_ok(self, "page_write_raw(PAGE_SIZE, 0)",
			 page_write_raw(chunk->page, &byte, PAGE_SIZE, 0));
	stress_expect(self, "page_write_raw(PAGE_SIZE, 1)",
		      page_write_raw(chunk->page, &byte, PAGE_SIZE, 1), -EINVAL);
	return 0;
}

static void access_nothing(struct stress_thread *self)
{
	struct span span = shared_file_pick_page_end(self, OBJECT);

	shared_file_for_each_chunk(self, span, touch_end, NULL);
	shared_file_check(self, span);
}

static const struct stress_kind kinds[] = {
	{ "write", 4, write_object, "write_raw" },
	{ "zero", 1, zero_object, "fill_zero" },
	{ "read", 3, read_object, "read_raw" },
	{ "nothing", 1, access_nothing, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_edge",
	.about = "Small objects across the ends of pages, neighbours of other threads'.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = shared_file_destroy,
	.state = shared_file_print_state,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
