/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Threads own pieces of one common buffer, whose size is no multiple of a page. All threads borrow pages of
 * this buffer, and also allocate buffers of their own. Each byte of a buffer has two valid addresses: one in
 * the buffer, and one in a mapping of its page. A borrower never drops the buffer's own reference to a page
 * (R4, R12).
 *
 * The errors to find (A and B are threads):
 *
 *   Error 1: A read by one address does not return the bytes that were written by the other
 *     address [P4] [P219].
 *   Error 2: A write to a borrower's piece also writes bytes of the next piece, across the end of a
 *     page [P2] [P214]:
 *        A: write 100 bytes of the buffer       B: borrow the next page, write byte 0.
 *   Error 3: A borrower drops one reference more than it got, which frees a page of the
 *     buffer [P216]:
 *        A: borrows, gets, drops, drops         B: borrows the freed page.
 *   Error 4: A page of a freed buffer is reused although a thread still has a reference to the
 *     page [P209] [P218]:
 *        A: get the page, free the buffer       B: allocates a buffer that contains the page.
 *
 * A few hundred operations detect an injected bug. Error 4 needs many buffers: run for minutes.
 */
#include "stress/owned.h"
#include "stress/tagged.h"

#define OWN_BUFFER_MAX (3 * PAGE_SIZE)

static void check_span_with_own_reference(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };

	owned_get_next_chunk_and_record_access(self, span, &chunk);
	if (!stress_injects_bug("freed"))
		page_get(chunk.page);
	owned_check_span_by_random_kind(self, span);
	page_free(chunk.page);
}

static void fill_and_check_own_buffer(struct stress_thread *self, unsigned char *own_buffer, size_t len,
				      uint64_t tag)
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
	stress_expect_equal(self, "pages of a buffer, in bytes", pos,
			    (len + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
}

/* Keeps a reference of the last page of a buffer, and checks the page after the buffer was freed. */
static void check_page_outlives_buffer(struct stress_thread *self)
{
	size_t len = 1 + stress_pick_number(self, OWN_BUFFER_MAX);
	size_t last_page_pos = (len - 1) / PAGE_SIZE * PAGE_SIZE;
	unsigned char *own_buffer = page_buffer_alloc(len), bytes[PAGE_SIZE];
	uint64_t tag = tagged_make_next_tag(self);
	struct page *page;

	if (!own_buffer) {
		stress_count_and_check_refused_call(self, "page_buffer_alloc");
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
		    .copy_count = 1,
		    .alloc_buffer = page_buffer_alloc,
		    .free_buffer = page_buffer_free,
		    .borrow = page_borrow },
	.operations = {
		{ "plain", 2, .pick = owned_pick_piece, .access_by = owned_write_by_kind_and_check,
		  .kind = BY_ADDRESS },
		{ "borrowed", 3, .pick = owned_pick_piece, .access = owned_write_and_check_span },
		{ "keep", 1, .pick = owned_pick_piece, .access = check_span_with_own_reference },
		{ "churn", 1, .run = check_page_outlives_buffer },
	},
};
