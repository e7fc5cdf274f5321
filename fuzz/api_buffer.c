/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api for buffers, and for pages that are borrowed from buffers (R12). */
#include "fuzz/api.h"

#include <errno.h>

/* The approximate maximal number of pages of a buffer in a slot. */
#define BUFFER_PAGES_MAX 512

/* At each end of a buffer, bytes of this many pages are checked. */
#define CHECKED_PAGES 4

static size_t compute_page_count(size_t bytes)
{
	return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

static unsigned int find_allocation_order(size_t pages)
{
	unsigned int order = 0;

	while (((size_t)1 << order) < pages)
		order++;
	return order;
}

/*
 * Returns whether the first and the last byte of each checked page is @slot->buffer_byte. With @must_write,
 * writes these bytes first.
 */
static bool write_or_compare_end_pages(const struct api_slot *slot, bool must_write)
{
	size_t pages = compute_page_count(slot->buffer_size);

	for (size_t i = 0; i < pages; i++) {
		unsigned char *first = slot->buffer + i * PAGE_SIZE, *last = first + PAGE_SIZE - 1;

		if (i >= CHECKED_PAGES && i + CHECKED_PAGES < pages)
			continue;
		if (must_write)
			*first = *last = slot->buffer_byte;
		if (*first != slot->buffer_byte || *last != slot->buffer_byte)
			return false;
	}
	return true;
}

void api_check_and_free_buffer(struct api_slot *slot)
{
	if (!slot->buffer)
		return;
	api_expect(write_or_compare_end_pages(slot, false), "a buffer of %zu bytes did not keep them",
		   slot->buffer_size);
	page_buffer_free(slot->buffer);
	slot->buffer = NULL;
}

static void expect_buffer_alloc_error(size_t bytes, int error)
{
	errno = 0;
	api_expect(!page_buffer_alloc(bytes) && errno == error, "page_buffer_alloc(%#zx) did not end with %s",
		   bytes, error == EINVAL ? "EINVAL" : "ENOMEM");
}

static void alloc_and_mark_slot_buffer(struct api_slot *slot, size_t bytes)
{
	unsigned char *buffer;

	errno = 0;
	buffer = page_buffer_alloc(bytes);
	api_expect(buffer || errno == ENOMEM, "page_buffer_alloc(%zu) failed with %d", bytes, errno);
	api_check_predicted_failure(PAGE_FAULT_ALLOC, GFP_KERNEL,
				    find_allocation_order(compute_page_count(bytes)), !buffer);
	if (!buffer)
		return;
	api_expect((uintptr_t)buffer % PAGE_SIZE == 0, "a buffer begins at %p", (void *)buffer);
	slot->buffer = buffer;
	slot->buffer_size = bytes;
	slot->buffer_byte++;
	write_or_compare_end_pages(slot, true);
}

void api_run_buffer_alloc(const struct api_call *call)
{
	size_t bytes = (size_t)call->numbers[0], pages = call->numbers[1] % BUFFER_PAGES_MAX;
	struct api_slot *slot = &api_slots[call->slot_index];

	api_check_and_free_buffer(slot);
	if (bytes > BUFFER_PAGES_MAX * PAGE_SIZE) {
		/*
		 * Larger sizes are at least 4 GiB (number.h), too large for a buffer. The contract does not
		 * say whether an allocation of such a size reaches the failure point.
		 */
		api_reset_failure_injection();
		expect_buffer_alloc_error(bytes, ENOMEM);
	} else if (bytes + pages) {
		alloc_and_mark_slot_buffer(slot, bytes + pages * PAGE_SIZE);
	} else {
		expect_buffer_alloc_error(0, EINVAL);
	}
}

/* Makes an allocation fail. If a failed allocation kept frames, later calls would run out of frames. */
void api_run_buffer_fails(const struct api_call *call)
{
	size_t pages = 1 + call->numbers[0] % BUFFER_PAGES_MAX;

	api_reset_failure_injection();
	page_fail_nth(1);
	expect_buffer_alloc_error(pages * PAGE_SIZE, ENOMEM);
	api_expect(!page_fail_nth(0), "page_buffer_alloc of %zu pages was no failure point", pages);
	/* The failure reduced the failure point's attribute `times`, which api_fault.c did not count. */
	api_reset_failure_injection();
}

/* Walks over the pages of the slot's buffer, if the slot has a buffer. */
void api_run_buffer_walk(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot_index];
	size_t count = 0, inside = call->numbers[0] % PAGE_SIZE;
	struct page *page = NULL;

	if (!slot->buffer)
		return;
	api_expect(page_buffer_size(slot->buffer) == slot->buffer_size,
		   "page_buffer_size says %zu, expected %zu", page_buffer_size(slot->buffer),
		   slot->buffer_size);
	while ((page = page_buffer_next(slot->buffer, page))) {
		api_expect(count < compute_page_count(slot->buffer_size),
			   "a buffer of %zu bytes has more than %zu pages", slot->buffer_size, count);
		api_expect(page_borrow(slot->buffer + count * PAGE_SIZE + inside) == page,
			   "page_borrow and page_buffer_next return different pages %zu of a buffer", count);
		api_expect(page_ref_count(page) == 1, "page %zu of a buffer has %u references", count,
			   page_ref_count(page));
		count++;
	}
	api_expect(count == compute_page_count(slot->buffer_size), "a buffer of %zu bytes has %zu pages",
		   slot->buffer_size, count);
	api_expect(!page_borrow(&count), "page_borrow returned a page for an address on the stack");
}

static struct page *borrow_page_of_slot_buffer(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot_index];
	size_t index = call->numbers[0] % compute_page_count(slot->buffer_size);

	return page_borrow(slot->buffer + index * PAGE_SIZE);
}

/* Frees the buffer while a reference keeps one of its pages allocated. */
void api_run_buffer_keep(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	unsigned char byte = 0;
	struct page *page;

	if (!slot->buffer)
		return;
	page = borrow_page_of_slot_buffer(call);
	page_get(page);
	page_write_raw(page, &slot->buffer_byte, 0, 1);
	page_write_raw(page, &slot->buffer_byte, PAGE_SIZE - 1, 1);
	api_check_and_free_buffer(slot);
	api_expect(page_ref_count(page) == 1, "a page that outlives its buffer has %u references",
		   page_ref_count(page));
	page_read_raw(page, &byte, PAGE_SIZE - 1, 1);
	api_expect(byte == slot->buffer_byte, "a page that outlives its buffer lost its bytes");
	page_free(page);
}

void api_run_buffer_free(const struct api_call *call)
{
	api_check_and_free_buffer(&api_slots[call->slot_index]);
}

/* ---- misuse ---- */

static void free_borrowed_page(void *page)
{
	page_free(page);
}

void api_run_borrower_frees(const struct api_call *call)
{
	if (api_slots[call->slot_index].buffer)
		api_maybe_check_misuse_in_child(call, free_borrowed_page, borrow_page_of_slot_buffer(call),
						"borrowed-free", false);
}

static void free_buffer_twice(void *buffer)
{
	page_buffer_free(buffer);
	page_buffer_free(buffer);
}

void api_run_buffer_free_wrong(const struct api_call *call)
{
	const struct api_slot *slot = &api_slots[call->slot_index];
	size_t freed_offset;

	if (!slot->buffer)
		return;
	freed_offset = call->numbers[0] % (compute_page_count(slot->buffer_size) * PAGE_SIZE);
	if (freed_offset)
		api_maybe_check_misuse_in_child(call, page_buffer_free, slot->buffer + freed_offset,
						"foreign-map", false);
	else
		api_maybe_check_misuse_in_child(call, free_buffer_twice, slot->buffer, "use-after-free",
						true);
}
