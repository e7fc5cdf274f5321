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
 * Hundreds of operations find a planted bug; 4. needs many buffers, minutes.
 */
#include <string.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define STRIPE	100
#define STRIPES 4 /* for each thread */
#define OWN_MAX (3 * PAGE_SIZE)

enum { HEALTHY, RANGE, FREED, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "a stripe is one byte too long", false },
	[FREED] = { "freed", "the borrower frees what it borrowed", false },
	[BUSTED] = { NULL, NULL, false },
};

static unsigned char *buffer;
static size_t size;

static struct owner {
	_Alignas(STRESS_CACHE_LINE) uint64_t tags[STRIPES];
	uint64_t generation;
} owners[STRESS_THREADS_MAX];

/* Returns the offset of the thread's stripe number @nth in the buffer. */
static size_t stripe(const struct stress_thread *self, unsigned int nth)
{
	return (nth * (size_t)self->run->threads + self->index) * STRIPE;
}

static unsigned int pick(struct stress_thread *self)
{
	unsigned int nth = (unsigned int)stress_thread_random(self, STRIPES);
	size_t pos = stripe(self, nth);

	stress_set_op(self, pos / PAGE_SIZE, pos % PAGE_SIZE, STRIPE, 0);
	return nth;
}

static size_t in_page(size_t pos, size_t len)
{
	size_t left = PAGE_SIZE - pos % PAGE_SIZE;

	return len < left ? len : left;
}

/* ---- two ways to write, three to read ---- */

static void put_borrowed(struct stress_thread *self, size_t pos, const unsigned char *bytes,
			 size_t len)
{
	for (size_t done = 0, now; done < len; done += now) {
		struct page *page = page_borrow(buffer + pos + done);

		now = in_page(pos + done, len - done);
		stress_expect_ok(self, "page_write_raw",
				 page_write_raw(page, bytes + done, (pos + done) % PAGE_SIZE, now));
	}
}

static void get_borrowed(struct stress_thread *self, size_t pos, unsigned char *bytes)
{
	for (size_t done = 0, now; done < STRIPE; done += now) {
		struct page *page = page_borrow(buffer + pos + done);

		now = in_page(pos + done, STRIPE - done);
		stress_expect_ok(self, "page_read_raw",
				 page_read_raw(page, bytes + done, (pos + done) % PAGE_SIZE, now));
	}
}

static void get_mapped(struct stress_thread *self, size_t pos, unsigned char *bytes)
{
	(void)self;
	for (size_t done = 0, now; done < STRIPE; done += now) {
		unsigned char *mapped = page_map_local(page_borrow(buffer + pos + done));

		now = in_page(pos + done, STRIPE - done);
		memcpy(bytes + done, mapped + (pos + done) % PAGE_SIZE, now);
		page_unmap_local(mapped);
	}
}

static void get_plain(struct stress_thread *self, size_t pos, unsigned char *bytes)
{
	(void)self;
	memcpy(bytes, buffer + pos, STRIPE);
}

static void (*const gets[])(struct stress_thread *self, size_t pos, unsigned char *bytes) = {
	get_borrowed, get_mapped, get_plain
};

static void write_stripe(struct stress_thread *self, unsigned int nth, bool borrowed)
{
	struct owner *owner = &owners[self->index];
	size_t pos = stripe(self, nth), len = STRIPE + (self->run->busted == RANGE);
	unsigned char bytes[STRIPE + 1];

	owner->tags[nth] = tagged_make_tag(self->index, ++owner->generation);
	tagged_fill(bytes, owner->tags[nth], pos, len);
	if (pos + len > size)
		len = size - pos;
	if (borrowed)
		put_borrowed(self, pos, bytes, len);
	else
		memcpy(buffer + pos, bytes, len);
}

static void check_stripe(struct stress_thread *self, unsigned int nth)
{
	size_t pos = stripe(self, nth);
	unsigned char bytes[STRIPE];

	gets[stress_thread_random(self, sizeof(gets) / sizeof(gets[0]))](self, pos, bytes);
	if (!tagged_check(self, "buffer", bytes, owners[self->index].tags[nth], pos, STRIPE))
		write_stripe(self, nth, false);
}

static void start(struct stress_thread *first)
{
	size = (size_t)first->run->threads * STRIPES * STRIPE + 7;
	buffer = page_buffer_alloc(size);
	if (!buffer)
		stress_count_refused(first, "page_buffer_alloc", false);
	for (unsigned int i = 0; buffer && i < first->run->threads; i++)
		for (unsigned int nth = 0; nth < STRIPES; nth++)
			write_stripe(stress_thread(i), nth, false);
}

/* ---- operations ---- */

static void write_plain(struct stress_thread *self)
{
	unsigned int nth = pick(self);

	write_stripe(self, nth, false);
	check_stripe(self, nth);
}

static void write_borrowed(struct stress_thread *self)
{
	unsigned int nth = pick(self);

	write_stripe(self, nth, true);
	check_stripe(self, nth);
}

static void keep_reference(struct stress_thread *self)
{
	unsigned int nth = pick(self);
	struct page *page = page_borrow(buffer + stripe(self, nth));

	if (self->run->busted != FREED)
		page_get(page);
	check_stripe(self, nth);
	page_free(page);
}

static void fill_own(struct stress_thread *self, unsigned char *own, size_t len, uint64_t tag)
{
	size_t pos = 0;

	tagged_fill(own, tag, 0, len);
	for (struct page *page = page_buffer_next(own, NULL); page;
	     page = page_buffer_next(own, page), pos += PAGE_SIZE) {
		unsigned char bytes[PAGE_SIZE];
		size_t some = len - pos < PAGE_SIZE ? len - pos : PAGE_SIZE;

		stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, some));
		tagged_check(self, "own buffer", bytes, tag, pos, some);
	}
	stress_expect_count(self, "pages of a buffer, in bytes", pos,
			    (len + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
}

/* Keeps the last page longer than its buffer. */
static void churn(struct stress_thread *self)
{
	size_t len = 1 + stress_thread_random(self, OWN_MAX), last = (len - 1) / PAGE_SIZE * PAGE_SIZE;
	uint64_t tag = tagged_make_tag(self->index, ++owners[self->index].generation);
	unsigned char *own = page_buffer_alloc(len), bytes[PAGE_SIZE];
	struct page *page;

	if (!own) {
		stress_count_refused(self, "page_buffer_alloc", stress_alloc_may_fail(self));
		return;
	}
	fill_own(self, own, len, tag);
	page = page_borrow(own + last);
	page_get(page);
	page_buffer_free(own);
	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, len - last));
	tagged_check(self, "page that outlives its buffer", bytes, tag, last, len - last);
	page_free(page);
}

static void finish(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->threads; i++)
		for (unsigned int nth = 0; nth < STRIPES; nth++)
			check_stripe(stress_thread(i), nth);
	page_buffer_free(buffer);
}

static const struct stress_kind kinds[] = {
	{ "plain", 2, write_plain, NULL },
	{ "borrowed", 3, write_borrowed, NULL },
	{ "keep", 1, keep_reference, NULL },
	{ "churn", 1, churn, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_borrow",
	.about = "Pages borrowed from buffers: two addresses of a byte, never freed.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
