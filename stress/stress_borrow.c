/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Borrowed pages of a buffer whose size is no multiple of a page. A byte has two valid addresses,
 * the buffer's and the mapping's; the borrower never frees (use pattern 12, R4, R12). Threads own
 * stripes of one buffer that all of them borrow from, and create buffers of their own. The
 * interleavings to find:
 *
 *   1. What is written at one address is not what is read at the other.
 *   2. A borrower's stripe reaches into the neighbour's, across the end of a page:
 *        A: write 100 bytes of the buffer       B: borrow the next page, write byte 0
 *   3. The borrower's drop is the last one:
 *        A: borrows, gets, drops, drops         B: borrows: the page is freed
 *   4. The buffer is freed while a reference keeps one of its pages, which must stay live.
 *        A: get the page, free the buffer       B: creates a buffer: not with that page
 *
 * Hundreds of operations find an injected bug; 4. needs many buffers, minutes.
 */
#include <string.h>

#include "stress/tagged.h"

#define STRIPE  100
#define STRIPES 4 /* for each thread */
#define OWN_MAX (3 * PAGE_SIZE)

enum { NO_BUG, RANGE, FREED };

static unsigned char *buffer;
static size_t buffer_size;

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t tags[STRIPES];
} owners[STRESS_THREADS_MAX];

/* Return: the offset of the thread's stripe number @nth in the buffer. */
static size_t stripe_offset(const struct stress_thread *self, unsigned int nth)
{
	return (nth * (size_t)self->run->thread_count + self->thread_index) * STRIPE;
}

static unsigned int pick_stripe(struct stress_thread *self)
{
	unsigned int nth = stress_random(self, STRIPES);
	size_t pos = stripe_offset(self, nth);

	stress_record_range(self, pos / PAGE_SIZE, pos % PAGE_SIZE, STRIPE, 0);
	return nth;
}

/* ---- ways to access a part of the buffer that is in one page ---- */

static void write_borrowed(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len)
{
	stress_write(self, page_borrow(buffer + pos), bytes, pos % PAGE_SIZE, len);
}

static void write_plain(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len)
{
	(void)self;
	memcpy(buffer + pos, bytes, len);
}

static void read_borrowed(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len)
{
	stress_read(self, page_borrow(buffer + pos), bytes, pos % PAGE_SIZE, len);
}

static void read_mapped(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len)
{
	unsigned char *mapped = page_map_local(page_borrow(buffer + pos));

	(void)self;
	memcpy(bytes, mapped + pos % PAGE_SIZE, len);
	page_unmap_local(mapped);
}

static void read_plain(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len)
{
	(void)self;
	memcpy(bytes, buffer + pos, len);
}

typedef void (*access_fn)(struct stress_thread *self, size_t pos, unsigned char *bytes, size_t len);
static const access_fn reads[] = { read_borrowed, read_mapped, read_plain };

static void access_buffer(struct stress_thread *self, access_fn fn, size_t pos,
			  unsigned char *bytes, size_t len)
{
	for (size_t done = 0, part; done < len; done += part) {
		size_t left = PAGE_SIZE - (pos + done) % PAGE_SIZE;

		part = len - done < left ? len - done : left;
		fn(self, pos + done, bytes + done, part);
	}
}

/* ---- operations ---- */

static void write_stripe(struct stress_thread *self, unsigned int nth, access_fn fn)
{
	size_t pos = stripe_offset(self, nth), len = STRIPE + (self->run->bug_number == RANGE);
	uint64_t tag = tagged_next_tag(self);
	unsigned char bytes[STRIPE + 1];

	owners[self->thread_index].tags[nth] = tag;
	tagged_fill(bytes, tag, pos, len);
	access_buffer(self, fn, pos, bytes, pos + len > buffer_size ? buffer_size - pos : len);
}

static void check_stripe(struct stress_thread *self, unsigned int nth)
{
	size_t pos = stripe_offset(self, nth);
	unsigned char bytes[STRIPE];

	access_buffer(self, reads[stress_random(self, sizeof(reads) / sizeof(reads[0]))], pos,
		      bytes, STRIPE);
	if (!tagged_check(self, "buffer", bytes, owners[self->thread_index].tags[nth], pos, STRIPE))
		write_stripe(self, nth, write_plain);
}

static void write_in_buffer(struct stress_thread *self)
{
	unsigned int nth = pick_stripe(self);

	write_stripe(self, nth, write_plain);
	check_stripe(self, nth);
}

static void write_by_borrowing(struct stress_thread *self)
{
	unsigned int nth = pick_stripe(self);

	write_stripe(self, nth, write_borrowed);
	check_stripe(self, nth);
}

static void keep_reference(struct stress_thread *self)
{
	unsigned int nth = pick_stripe(self);
	struct page *page = page_borrow(buffer + stripe_offset(self, nth));

	if (self->run->bug_number != FREED)
		page_get(page);
	check_stripe(self, nth);
	page_free(page);
}

static void fill_own_buffer(struct stress_thread *self, unsigned char *own, size_t len,
			    uint64_t tag)
{
	size_t pos = 0;

	tagged_fill(own, tag, 0, len);
	for (struct page *page = page_buffer_next(own, NULL); page;
	     page = page_buffer_next(own, page), pos += PAGE_SIZE) {
		size_t some = len - pos < PAGE_SIZE ? len - pos : PAGE_SIZE;
		unsigned char bytes[PAGE_SIZE];

		stress_read(self, page, bytes, 0, some);
		tagged_check(self, "own buffer", bytes, tag, pos, some);
	}
	stress_expect_count(self, "pages of a buffer, in bytes", pos,
			    (len + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
}

/* Keeps the last page longer than its buffer. */
static void keep_last_page(struct stress_thread *self)
{
	size_t len = 1 + stress_random(self, OWN_MAX), last = (len - 1) / PAGE_SIZE * PAGE_SIZE;
	unsigned char *own = page_buffer_alloc(len), bytes[PAGE_SIZE];
	uint64_t tag = tagged_next_tag(self);
	struct page *page;

	if (!own) {
		stress_count_refused_alloc(self, "page_buffer_alloc");
		return;
	}
	fill_own_buffer(self, own, len, tag);
	page = page_borrow(own + last);
	page_get(page);
	page_buffer_free(own);
	stress_read(self, page, bytes, 0, len - last);
	tagged_check(self, "page that outlives its buffer", bytes, tag, last, len - last);
	page_free(page);
}

/* ---- start and end ---- */

static void prepare_run(struct stress_thread *first)
{
	buffer_size = (size_t)first->run->thread_count * STRIPES * STRIPE + 7;
	buffer = page_buffer_alloc(buffer_size);
	if (!buffer)
		stress_fail(first, "page_buffer_alloc: expected success, found NULL");
	for (unsigned int i = 0; buffer && i < first->run->thread_count; i++)
		for (unsigned int nth = 0; nth < STRIPES; nth++)
			write_stripe(stress_get_thread(i), nth, write_plain);
}

static void finish_pattern(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->thread_count; i++)
		for (unsigned int nth = 0; nth < STRIPES; nth++)
			check_stripe(stress_get_thread(i), nth);
	page_buffer_free(buffer);
}

const struct stress_pattern stress_borrow = {
	.name = "borrow",
	.summary = "access borrowed pages of buffers by two addresses, and never free them",
	.threads_min = 1,
	.operations = {
		{ "plain", 2, .run = write_in_buffer },
		{ "borrowed", 3, .run = write_by_borrowing },
		{ "keep", 1, .run = keep_reference },
		{ "churn", 1, .run = keep_last_page },
	},
	.bugs = {
		{ "range", .effect = "a stripe is one byte too long" },
		{ "freed", .effect = "the borrower frees the borrowed page" },
	},
	.prepare = prepare_run,
	.finish = finish_pattern,
};
