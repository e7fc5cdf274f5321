/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Buffers and who borrows from them (R12). */
#include "fuzz/api.h"

#include <errno.h>

/* Pages of the largest buffer that is let live. */
#define PAGES_MOST 512

/* Of which so many are looked at, from either end. */
#define LOOKED_AT 4

static size_t pages_of(size_t bytes)
{
	return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

static unsigned int order_of(size_t pages)
{
	unsigned int order = 0;

	while (((size_t)1 << order) < pages)
		order++;
	return order;
}

static bool looked_at(size_t index, size_t pages)
{
	return index < LOOKED_AT || index + LOOKED_AT >= pages;
}

static void stamp(struct api_slot *slot)
{
	for (size_t i = 0; i < pages_of(slot->bytes); i++)
		if (looked_at(i, pages_of(slot->bytes)))
			slot->buffer[i * PAGE_SIZE] = slot->buffer[(i + 1) * PAGE_SIZE - 1] = slot->buffer_byte;
}

static bool has_stamps(const struct api_slot *slot)
{
	for (size_t i = 0; i < pages_of(slot->bytes); i++)
		if (looked_at(i, pages_of(slot->bytes)) &&
		    (slot->buffer[i * PAGE_SIZE] != slot->buffer_byte ||
		     slot->buffer[(i + 1) * PAGE_SIZE - 1] != slot->buffer_byte))
			return false;
	return true;
}

void api_drop_buffer(struct api_slot *slot)
{
	if (!slot->buffer)
		return;
	api_expect(has_stamps(slot), "a buffer of %zu bytes did not keep them", slot->bytes);
	page_buffer_free(slot->buffer);
	slot->buffer = NULL;
}

/* More than there can be: whether a point is passed on the way there is left open. */
static void too_large(size_t bytes)
{
	api_fault_reset();
	errno = 0;
	api_expect(!page_buffer_alloc(bytes) && errno == ENOMEM,
		   "page_buffer_alloc(%#zx) did not end with ENOMEM", bytes);
}

static void alloc(struct api_slot *slot, size_t bytes)
{
	enum api_fails fails = api_fails(PAGE_FAULT_ALLOC, GFP_KERNEL, order_of(pages_of(bytes)));
	unsigned char *buffer;

	errno = 0;
	buffer = page_buffer_alloc(bytes);
	api_expect(buffer || errno == ENOMEM, "page_buffer_alloc(%zu) failed with %d", bytes, errno);
	api_failed(PAGE_FAULT_ALLOC, fails, !buffer);
	if (!buffer)
		return;
	api_expect((uintptr_t)buffer % PAGE_SIZE == 0, "a buffer begins at %p", (void *)buffer);
	slot->buffer = buffer;
	slot->bytes = bytes;
	slot->buffer_byte++;
	stamp(slot);
}

void api_buffer_alloc(const struct api_call *call)
{
	size_t bytes = (size_t)call->number[0], pages = call->number[1] % PAGES_MOST;
	struct api_slot *slot = &api_slots[call->slot];

	api_drop_buffer(slot);
	if (bytes > PAGES_MOST * PAGE_SIZE) {
		too_large(bytes);
		return;
	}
	bytes += pages * PAGE_SIZE;
	if (bytes) {
		alloc(slot, bytes);
		return;
	}
	errno = 0;
	api_expect(!page_buffer_alloc(0) && errno == EINVAL,
		   "page_buffer_alloc(0) did not end with EINVAL");
}

/* If it kept frames, a later call for the last frames fails. */
void api_buffer_fails(const struct api_call *call)
{
	size_t pages = 1 + call->number[0] % PAGES_MOST;

	api_fault_reset();
	page_fail_nth(1);
	errno = 0;
	api_expect(!page_buffer_alloc(pages * PAGE_SIZE) && errno == ENOMEM,
		   "page_buffer_alloc of %zu pages succeeded, expected a failure", pages);
	api_expect(!page_fail_nth(0), "page_buffer_alloc of %zu pages was no point of failure", pages);
	/* It used up one of the point's times. */
	api_fault_reset();
}

/* A slot without a buffer has nothing that could be looked at. */
void api_buffer_walk(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot];
	size_t count = 0, inside = call->number[0] % PAGE_SIZE;
	struct page *page = NULL;

	if (!slot->buffer)
		return;
	api_expect(page_buffer_size(slot->buffer) == slot->bytes,
		   "page_buffer_size says %zu, expected %zu", page_buffer_size(slot->buffer),
		   slot->bytes);
	while ((page = page_buffer_next(slot->buffer, page))) {
		api_expect(count < pages_of(slot->bytes),
			   "a buffer of %zu bytes has more than %zu pages", slot->bytes, count);
		api_expect(page_borrow(slot->buffer + count * PAGE_SIZE + inside) == page,
			   "page_borrow knows another page %zu of a buffer than page_buffer_next",
			   count);
		api_expect(page_ref_count(page) == 1, "page %zu of a buffer has %u references",
			   count, page_ref_count(page));
		count++;
	}
	api_expect(count == pages_of(slot->bytes), "a buffer of %zu bytes has %zu pages",
		   slot->bytes, count);
	api_expect(!page_borrow(&count), "page_borrow knows a page where there is none");
}

static struct page *borrowed(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot];
	size_t index = call->number[0] % pages_of(slot->bytes);

	return page_borrow(slot->buffer + index * PAGE_SIZE);
}

void api_buffer_keep(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot];
	unsigned char byte = 0;
	struct page *page;

	if (!slot->buffer)
		return;
	page = borrowed(call);
	page_get(page);
	page_write_raw(page, &slot->buffer_byte, 0, 1);
	page_write_raw(page, &slot->buffer_byte, PAGE_SIZE - 1, 1);
	api_drop_buffer(slot);
	api_expect(page_ref_count(page) == 1, "a page that outlives its buffer has %u references",
		   page_ref_count(page));
	page_read_raw(page, &byte, PAGE_SIZE - 1, 1);
	api_expect(byte == slot->buffer_byte, "a page that outlives its buffer lost its bytes");
	page_free(page);
}

void api_buffer_free(const struct api_call *call)
{
	api_drop_buffer(&api_slots[call->slot]);
}

/* ---- misuse ---- */

static void borrower_frees(void *page)
{
	page_free(page);
}

void api_borrower_frees(const struct api_call *call)
{
	if (api_slots[call->slot].buffer)
		api_must_die(call, borrower_frees, borrowed(call), "borrowed-free", false);
}

static void free_twice(void *buffer)
{
	page_buffer_free(buffer);
	page_buffer_free(buffer);
}

static void free_there(void *addr)
{
	page_buffer_free(addr);
}

void api_buffer_free_wrong(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot];
	size_t off;

	if (!slot->buffer)
		return;
	off = call->number[0] % (pages_of(slot->bytes) * PAGE_SIZE);
	if (off)
		api_must_die(call, free_there, slot->buffer + off, "foreign-map", false);
	else
		api_must_die(call, free_twice, slot->buffer, "use-after-free", true);
}
