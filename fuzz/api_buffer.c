/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls of fuzz_api for buffers, and for pages that are borrowed from buffers (R12). A page slot can hold a
 * borrowed page, with references of its own or without, so all other calls use borrowed pages too.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <string.h>

#include "harness/library.h"

/* The approximate maximal number of pages of a buffer in a slot; most buffers are much smaller. */
#define BUFFER_PAGES_MAX   512
#define BUFFER_PAGES_SMALL 8

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

/* One in 256 buffers is large, because the time of an allocation grows with the number of pages. */
static size_t derive_page_count(uint64_t number)
{
	return number % 256 == 255 ? BUFFER_PAGES_MAX - number / 256 * 37 % BUFFER_PAGES_MAX :
				     number % BUFFER_PAGES_SMALL;
}

/* ---- allocation ---- */

static void expect_buffer_alloc_error(size_t bytes, int error)
{
	errno = 0;
	api_expect(!page_buffer_alloc(bytes) && errno == error, "page_buffer_alloc(%#zx) did not end with %s",
		   bytes, error == EINVAL ? "EINVAL" : "ENOMEM");
}

static struct model_page *add_page_of_buffer(unsigned char *addr, struct model_page *previous)
{
	struct page *page = page_borrow(addr);
	struct model_page *entry;

	api_expect(page, "page_borrow returned no page for an address in a buffer");
	entry = api_add_page(page, false);
	entry->addr_in_buffer = addr;
	entry->previous = previous;
	if (previous)
		previous->next = entry;
	api_touch_page(entry);
	return entry;
}

/* The first and the last pages are in the model, with their neighbours. [P197] [P214] */
static void add_end_pages(struct model_buffer *buffer)
{
	size_t count = compute_page_count(buffer->size), last = 0;
	struct model_page *previous = NULL;

	for (size_t i = 0; i < count && i < MODEL_BUFFER_END_PAGES; i++)
		previous = buffer->first[i] = add_page_of_buffer(buffer->addr + i * PAGE_SIZE, previous);
	if (count > MODEL_BUFFER_END_PAGES)
		last = count < 2 * MODEL_BUFFER_END_PAGES ? count - MODEL_BUFFER_END_PAGES :
							    MODEL_BUFFER_END_PAGES;
	if (count > 2 * MODEL_BUFFER_END_PAGES)
		previous = NULL;
	for (size_t i = 0; i < last; i++)
		previous = buffer->last[i] =
			add_page_of_buffer(buffer->addr + (count - last + i) * PAGE_SIZE, previous);
}

/* All bytes of the last page may be used. [P201] */
static void write_ends_of_pages(struct model_page *const pages[])
{
	for (size_t i = 0; i < MODEL_BUFFER_END_PAGES && pages[i]; i++) {
		unsigned char *addr = pages[i]->addr_in_buffer;
		const unsigned char *bytes = api_pattern(i);

		memcpy(addr, bytes, 16);
		memcpy(addr + PAGE_SIZE - 16, bytes + 16, 16);
		api_model_write(pages[i], 0, bytes, 16);
		api_model_write(pages[i], PAGE_SIZE - 16, bytes + 16, 16);
	}
}

static void alloc_and_mark_slot_buffer(struct api_slot *slot, size_t bytes)
{
	struct model_buffer *buffer = &slot->buffer;
	size_t pages = compute_page_count(bytes);
	unsigned char *addr;

	errno = 0;
	addr = page_buffer_alloc(bytes);
	api_expect(addr || errno == ENOMEM, "page_buffer_alloc(%zu) failed with %d", bytes, errno);
	api_check_predicted_failure(PAGE_FAULT_ALLOC, GFP_KERNEL, find_allocation_order(pages), !addr);
	if (!addr)
		return;
	api_expect((uintptr_t)addr % PAGE_SIZE == 0, "a buffer begins at %p", (void *)addr);
	*buffer = (struct model_buffer){ .addr = addr, .size = bytes };
	add_end_pages(buffer);
	write_ends_of_pages(buffer->first);
	write_ends_of_pages(buffer->last);
}

void api_run_buffer_alloc(const struct api_call *call)
{
	size_t bytes = (size_t)call->numbers[0], pages = derive_page_count(call->numbers[1]);
	struct api_slot *slot = &api_slots[call->slot_index];

	api_empty_buffer_slot(slot);
	if (bytes > BUFFER_PAGES_MAX * PAGE_SIZE) {
		/*
		 * Larger sizes are at least 4 GiB (number.h), too large for a buffer. The contract does not
		 * say whether an allocation of such a size reaches the failure point.
		 */
		api_cancel_failure_injection();
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

	api_cancel_failure_injection();
	page_fail_nth(1);
	expect_buffer_alloc_error(pages * PAGE_SIZE, ENOMEM);
	api_expect(!page_fail_nth(0), "page_buffer_alloc of %zu pages was no failure point", pages);
	/* The failure reduced the failure point's attribute `times`, which api_fault.c did not count. */
	api_cancel_failure_injection();
}

/* ---- the pages of a buffer ---- */

/* Return: the buffer of the slot. An empty slot gets a small buffer, unless a failure is injected. */
static const struct model_buffer *get_or_alloc_buffer(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];

	if (!slot->buffer.addr)
		alloc_and_mark_slot_buffer(slot, 3 * PAGE_SIZE - 5);
	return &slot->buffer;
}

/* Return: one of the first or last pages of the slot's buffer; NULL if the slot has no buffer. */
static struct model_page *get_end_page(const struct api_call *call)
{
	const struct model_buffer *buffer = get_or_alloc_buffer(call);
	uint64_t number = call->numbers[0] % (2 * MODEL_BUFFER_END_PAGES);
	struct model_page *page;

	if (!buffer->addr)
		return NULL;
	page = number < MODEL_BUFFER_END_PAGES ? buffer->first[number] :
						 buffer->last[number - MODEL_BUFFER_END_PAGES];
	return page ? page : buffer->first[0];
}

/* The references that the model knows for the page at index @i: 1 if the page is not in the model. */
static unsigned int get_expected_references(const struct model_buffer *buffer, const struct page *page)
{
	for (size_t i = 0; i < MODEL_BUFFER_END_PAGES; i++) {
		if (buffer->first[i] && buffer->first[i]->page == page)
			return buffer->first[i]->refs;
		if (buffer->last[i] && buffer->last[i]->page == page)
			return buffer->last[i]->refs;
	}
	return 1;
}

/* Walks over the pages of the slot's buffer. [P222] [P225] [P216] */
void api_run_buffer_walk(const struct api_call *call)
{
	const struct model_buffer *buffer = get_or_alloc_buffer(call);
	size_t count = 0, inside = call->numbers[0] % PAGE_SIZE;
	struct page *page = NULL;

	api_expect(!page_borrow(&count), "page_borrow returned a page for an address on the stack");
	if (!buffer->addr)
		return;
	api_expect(page_buffer_size(buffer->addr) == buffer->size, "page_buffer_size says %zu, expected %zu",
		   page_buffer_size(buffer->addr), buffer->size);
	while ((page = page_buffer_next(buffer->addr, page))) {
		unsigned int refs = get_expected_references(buffer, page);

		api_expect(count < compute_page_count(buffer->size),
			   "a buffer of %zu bytes has more than %zu pages", buffer->size, count);
		api_expect(page_borrow(buffer->addr + count * PAGE_SIZE + inside) == page,
			   "page_borrow and page_buffer_next return different pages %zu of a buffer", count);
		api_expect(page_ref_count(page) == refs,
			   "page %zu of a buffer has %u references, expected %u", count, page_ref_count(page),
			   refs);
		count++;
	}
	api_expect(count == compute_page_count(buffer->size), "a buffer of %zu bytes has %zu pages",
		   buffer->size, count);
}

/* The page slot gets a page of the slot's buffer: borrowed, or with a reference. [P217] [P218] */
void api_run_borrow(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	struct model_page *page = get_end_page(call);
	unsigned int refs = call->numbers[0] / 8 % 2;

	if (!page)
		return;
	api_empty_page_slot(slot);
	if (refs) {
		page_get(page->page);
		page->refs++;
	}
	slot->page = page;
	slot->refs_of_slot = refs;
	api_touch_page(page);
	if (api_has_free_mappings(1)) {
		api_map_page(page);
		api_unmap_newest(0);
	}
}

/* Writes by the address in the buffer, which is another address of the borrowed page. [P219] */
void api_run_buffer_write(const struct api_call *call)
{
	struct model_page *page = get_end_page(call);
	size_t off = call->numbers[1] % PAGE_SIZE, len = call->numbers[2] % (PAGE_SIZE - off) + 1;
	const unsigned char *bytes = api_pattern(call->numbers[2]);

	if (!page)
		return;
	api_expect(page_borrow(page->addr_in_buffer + off) == page->page,
		   "page_borrow returns another page for byte %zu of a page of a buffer", off);
	memcpy(page->addr_in_buffer + off, bytes, len);
	api_model_write(page, off, bytes, len);
	api_touch_page(page);
}

/* Frees the buffer while the page slot keeps one of its pages allocated. [P209] */
void api_run_buffer_keep(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	struct model_page *page = get_end_page(call);

	if (!page)
		return;
	page_get(page->page);
	page->refs++;
	api_empty_page_slot(slot);
	slot->page = page;
	slot->refs_of_slot = 1;
	api_empty_buffer_slot(slot);
	api_touch_page(page);
}

void api_run_buffer_free(const struct api_call *call)
{
	page_buffer_free(NULL); /* [P208] */
	api_empty_buffer_slot(&api_slots[call->slot_index]);
}

/* ---- misuse ---- */

static void free_borrowed_page(void *page)
{
	/* References of borrowers are dropped first; the last one belongs to the buffer. */
	for (unsigned int n = page_ref_count(page); n; n--)
		page_free(page);
}

void api_run_borrower_frees(const struct api_call *call)
{
	static unsigned int count;
	const struct model_page *page = get_end_page(call);

	if (page)
		api_maybe_check_misuse_in_child(&count, free_borrowed_page, page->page, "borrowed-free",
						false);
}

static void free_buffer_twice(void *buffer)
{
	page_buffer_free(buffer);
	page_buffer_free(buffer);
}

void api_run_buffer_free_wrong(const struct api_call *call)
{
	static unsigned int wrong_count, twice_count;
	const struct model_buffer *buffer = get_or_alloc_buffer(call);
	size_t freed_offset;

	if (!buffer->addr)
		return;
	freed_offset = call->numbers[0] % (compute_page_count(buffer->size) * PAGE_SIZE);
	if (freed_offset)
		api_check_misuse(&wrong_count, page_buffer_free, buffer->addr + freed_offset, "foreign-map");
	else
		api_maybe_check_misuse_in_child(
			&twice_count, free_buffer_twice, buffer->addr,
			buffer->first[0]->refs == 1 ? "use-after-free" : "foreign-map", true);
}
