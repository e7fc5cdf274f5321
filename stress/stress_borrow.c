/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Borrowed pages of a buffer whose size is no multiple of a page. A byte has two valid addresses,
 * the buffer's and the mapping's; the borrower never frees (use pattern 12, R4, R12). Threads own
 * pieces of one buffer that all of them borrow from, and create buffers of their own. The
 * interleavings to find:
 *
 *   1. What is written at one address is not what is read at the other.
 *   2. A borrower's piece reaches into the neighbour's, across the end of a page:
 *        A: write 100 bytes of the buffer       B: borrow the next page, write byte 0
 *   3. The borrower's drop is the last one:
 *        A: borrows, gets, drops, drops         B: borrows: the page is freed
 *   4. The buffer is freed while a reference keeps one of its pages, which must stay live.
 *        A: get the page, free the buffer       B: creates a buffer: not with that page
 *
 * Hundreds of operations find an injected bug; 4. needs many buffers, minutes.
 */
#include "stress/owned.h"
#include "stress/tagged.h"

#define OWN_BUFFER_MAX (3 * PAGE_SIZE)

static void write_by_buffer_address(struct stress_thread *self, struct span span)
{
	owned_write_span_by(self, span, BY_ADDRESS);
	owned_check_span(self, span);
}

static void check_with_own_reference(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };

	owned_next_chunk(self, span, &chunk);
	if (!stress_has_bug("freed"))
		page_get(chunk.page);
	owned_check_span(self, span);
	page_free(chunk.page);
}

static void fill_and_check_own_buffer(struct stress_thread *self, unsigned char *own_buffer,
				      size_t len, uint64_t tag)
{
	size_t pos = 0;

	tagged_fill_bytes(own_buffer, tag, 0, len);
	for (struct page *page = page_buffer_next(own_buffer, NULL); page;
	     page = page_buffer_next(own_buffer, page), pos += PAGE_SIZE) {
		size_t page_bytes = len - pos < PAGE_SIZE ? len - pos : PAGE_SIZE;
		unsigned char bytes[PAGE_SIZE];

		stress_read_page(self, page, bytes, 0, page_bytes);
		tagged_check_bytes(self, "own buffer", bytes, tag, pos, page_bytes);
	}
	stress_expect(self, "pages of a buffer, in bytes", pos,
		      (len + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
}

/* Keeps the last page longer than its buffer. */
static void keep_page_after_buffer(struct stress_thread *self)
{
	size_t len = 1 + stress_pick_number(self, OWN_BUFFER_MAX);
	size_t last_page_pos = (len - 1) / PAGE_SIZE * PAGE_SIZE;
	unsigned char *own_buffer = page_buffer_alloc(len), bytes[PAGE_SIZE];
	uint64_t tag = tagged_next_tag(self);
	struct page *page;

	if (!own_buffer) {
		stress_count_refused_alloc(self, "page_buffer_alloc");
		return;
	}
	fill_and_check_own_buffer(self, own_buffer, len, tag);
	page = page_borrow(own_buffer + last_page_pos);
	page_get(page);
	page_buffer_free(own_buffer);
	stress_read_page(self, page, bytes, 0, len - last_page_pos);
	tagged_check_bytes(self, "page that outlives its buffer", bytes, tag, last_page_pos,
			   len - last_page_pos);
	page_free(page);
}

const struct stress_scenario stress_borrow = {
	.layout = { .piece_size = 100,
		    .pieces_per_thread = 4,
		    .copies = 1,
		    .alloc_buffer = page_buffer_alloc,
		    .free_buffer = page_buffer_free,
		    .borrow = page_borrow },
	.operations = {
		{ "plain", 2, .pick = owned_pick_piece, .access = write_by_buffer_address },
		{ "borrowed", 3, .pick = owned_pick_piece, .access = owned_write_span },
		{ "keep", 1, .pick = owned_pick_piece, .access = check_with_own_reference },
		{ "churn", 1, .run = keep_page_after_buffer },
	},
};
