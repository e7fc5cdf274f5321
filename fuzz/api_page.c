/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api for single pages: allocation flags, callbacks, and reuse of frames. */
#include "fuzz/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/library.h"
#include "harness/util/number.h"

#define CONTEXTS  (GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_NOIO)
#define MODIFIERS (__GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL | __GFP_NOWARN)

/* The call `churn` allocates up to this many pages, far more than the library's quarantine holds. */
#define CHURN_MOST 300

struct api_slot api_slots[API_SLOTS];

static bool has_only_bytes_equal_to(struct page *page, unsigned char value)
{
	static unsigned char seen[PAGE_SIZE], expected[PAGE_SIZE];

	memset(expected, value, sizeof(expected));
	api_expect(!page_read_raw(page, seen, 0, PAGE_SIZE), "page_read_raw of a whole page failed");
	return !memcmp(seen, expected, sizeof(seen));
}

static void fill_page(struct page *page, unsigned char value)
{
	static unsigned char bytes[PAGE_SIZE];

	memset(bytes, value, sizeof(bytes));
	api_expect(!page_write_raw(page, bytes, 0, PAGE_SIZE), "page_write_raw of a whole page failed");
}

void api_check_and_free_page(struct api_slot *slot)
{
	if (!slot->page)
		return;
	api_expect(page_ref_count(slot->page) == 1, "a page has %u references, expected 1",
		   page_ref_count(slot->page));
	api_expect(has_only_bytes_equal_to(slot->page, slot->page_byte), "a page did not keep its bytes");
	page_free(slot->page);
	slot->page = NULL;
}

static void replace_and_fill_slot_page(struct api_slot *slot, struct page *page)
{
	api_check_and_free_page(slot);
	slot->page = page;
	slot->page_byte++;
	fill_page(page, slot->page_byte);
}

struct page *api_get_or_alloc_page(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];

	if (!slot->page) {
		struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);

		api_expect(page, "page_alloc(GFP_KERNEL | __GFP_NOFAIL) failed");
		replace_and_fill_slot_page(slot, page);
	}
	return slot->page;
}

void api_run_align(const struct api_call *call)
{
	size_t addr = (size_t)call->numbers[0], over = addr % PAGE_SIZE, aligned = 77;
	bool fits = !over || addr - over <= SIZE_MAX - PAGE_SIZE;
	size_t expected = !fits ? 77 : over ? addr - over + PAGE_SIZE : addr;

	api_expect(page_align(addr, &aligned) == fits && aligned == expected,
		   "page_align(%#zx) gave %#zx, expected %s %#zx", addr, aligned,
		   fits ? "true and" : "false and still", expected);
}

static bool is_valid_gfp(gfp_t gfp)
{
	return !(gfp & ~(CONTEXTS | MODIFIERS)) && __builtin_popcount(gfp & CONTEXTS) == 1;
}

/* Half of the small numbers select known flags only, because few random values are valid flags. */
static gfp_t derive_gfp_flags(uint64_t number)
{
	return number < NUMBER_SPAN / 2 ? number & (CONTEXTS | MODIFIERS) : (gfp_t)number;
}

void api_run_alloc(const struct api_call *call)
{
	gfp_t gfp = derive_gfp_flags(call->numbers[0]);
	int wanted_error = library_get()->bad_flags_error;
	struct page *page;

	if (!is_valid_gfp(gfp)) {
		errno = 0;
		api_expect(!page_alloc(gfp) && (!wanted_error || errno == wanted_error),
			   "page_alloc(%#x) failed with %d, expected an error %d", gfp, errno, wanted_error);
		return;
	}
	errno = 0;
	page = page_alloc(gfp);
	api_expect(page || errno == ENOMEM, "page_alloc(%#x) failed with %d", gfp, errno);
	api_check_predicted_failure(PAGE_FAULT_ALLOC, gfp, 0, !page);
	if (!page)
		return;
	api_expect(page_ref_count(page) == 1, "a new page has %u references", page_ref_count(page));
	api_expect(!page_nid(page), "a page is on node %d", page_nid(page));
	api_expect(!(gfp & __GFP_ZERO) || has_only_bytes_equal_to(page, 0),
		   "page_alloc(%#x) gave a page that is not zero", gfp);
	replace_and_fill_slot_page(&api_slots[call->slot_index], page);
}

void api_run_release(const struct api_call *call)
{
	api_check_and_free_page(&api_slots[call->slot_index]);
}

/* ---- callbacks ---- */

struct callback_state {
	unsigned int callback_count;
	unsigned char mark_value;
	size_t writable_byte_count; /* size of the range that the callback gets */
};

static int count_callback_and_mark_byte(void *at, void *ctx)
{
	struct callback_state *callback_state = ctx;

	callback_state->callback_count++;
	if (callback_state->writable_byte_count)
		*(unsigned char *)at = callback_state->mark_value;
	return 37;
}

/*
 * Checks the result @ret of page_with_mapped() or page_with_pointer(), the number of callbacks, and that only
 * the byte that the callback marked has changed. Restores the marked byte.
 */
static void check_callback_and_restore_byte(const struct api_call *call, const struct callback_state *state,
					    int ret, size_t off, bool is_in_page)
{
	const struct api_slot *slot = &api_slots[call->slot_index];
	const char *name = api_get_op_name(call->op);
	unsigned char seen_value = 0;

	api_expect(ret == (is_in_page ? 37 : -EINVAL) && state->callback_count == is_in_page,
		   "page_%s(%#zx, %#zx) returned %d after %u callbacks, expected %d after %d", name, off,
		   state->writable_byte_count, ret, state->callback_count, is_in_page ? 37 : -EINVAL,
		   is_in_page);
	if (!is_in_page || !state->writable_byte_count)
		return;
	page_read_raw(slot->page, &seen_value, off, 1);
	api_expect(seen_value == state->mark_value,
		   "%s: the callback did not get the address of byte %zu of the page", name, off);
	page_write_raw(slot->page, &slot->page_byte, off, 1);
	api_expect(has_only_bytes_equal_to(slot->page, slot->page_byte), "%s: a byte other than %zu changed",
		   name, off);
}

void api_run_with_mapped(const struct api_call *call)
{
	struct page *page = api_get_or_alloc_page(call);
	struct callback_state state = { .mark_value = (unsigned char)~api_slots[call->slot_index].page_byte,
					.writable_byte_count = 1 };
	int ret = page_with_mapped(page, count_callback_and_mark_byte, &state);

	check_callback_and_restore_byte(call, &state, ret, 0, true);
}

void api_run_with_pointer(const struct api_call *call)
{
	size_t off = (size_t)call->numbers[0], len = (size_t)call->numbers[1];
	struct page *page = api_get_or_alloc_page(call);
	struct callback_state state = { .mark_value = (unsigned char)~api_slots[call->slot_index].page_byte,
					.writable_byte_count = len };
	int ret = page_with_pointer(page, off, len, count_callback_and_mark_byte, &state);

	check_callback_and_restore_byte(call, &state, ret, off, off <= PAGE_SIZE && len <= PAGE_SIZE - off);
}

/* ---- frames ---- */

void api_run_churn(const struct api_call *call)
{
	for (uint64_t n = call->numbers[0] % CHURN_MOST; n; n--) {
		struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);

		api_expect(page, "no frame is left, although all but a few frames were freed");
		page_free(page);
	}
}

/* ---- user memory ---- */

/*
 * The call `user_copy` copies from user memory that is a later part of the same page. If the library reads a
 * byte of user memory twice, the copy may overwrite the byte before the second read, and the result differs.
 * The distance between the two parts is at least the block size of a kernel's copy loop, which copies
 * upwards.
 */
#define SHIFT_LEAST 64

void api_run_user_copy(const struct api_call *call)
{
	size_t off = call->numbers[0] % (PAGE_SIZE / 2 - SHIFT_LEAST);
	size_t shift = SHIFT_LEAST + call->numbers[1] % (PAGE_SIZE / 4);
	size_t len = call->numbers[2] % (PAGE_SIZE / 4);
	static unsigned char before[PAGE_SIZE], after[PAGE_SIZE];
	struct page *page = api_get_or_alloc_page(call);
	unsigned char *addr = page_map_local(page), *canonical = page_canonical(addr);
	struct user_slice_reader reader;
	int ret;

	for (size_t i = 0; i < PAGE_SIZE; i++)
		before[i] = (unsigned char)(i * 7 + i / 256);
	page_write_raw(page, before, 0, PAGE_SIZE);
	user_slice_reader_init(&reader, user_slice_new(canonical + off + shift, len));
	ret = page_copy_from_user_slice(page, &reader, off, len);
	page_unmap_local(addr);
	api_expect(!ret || ret == -EFAULT, "page_copy_from_user_slice returned %d", ret);
	if (len)
		api_check_predicted_failure(PAGE_FAULT_USERCOPY, 0, 0, ret);
	else
		api_check_failure_of_empty_copy(PAGE_FAULT_USERCOPY);
	api_expect(len || !ret, "a user copy of 0 bytes returned %d, expected 0", ret);
	api_expect(user_slice_left(&reader) == (ret ? len : 0),
		   "page_copy_from_user_slice returned %d and left %zu bytes", ret, user_slice_left(&reader));
	page_read_raw(page, after, 0, PAGE_SIZE);
	if (ret)
		memset(before + off, 0, len);
	else
		memmove(before + off, before + off + shift, len);
	api_expect(!memcmp(before, after, PAGE_SIZE),
		   "page_copy_from_user_slice from the page itself, %zu further, gave wrong bytes", shift);
	fill_page(page, api_slots[call->slot_index].page_byte);
}

#define USER_WRITABLE (2 * PAGE_SIZE)

/* Return: USER_WRITABLE bytes of zeroed user memory, which end at a page that cannot be accessed. */
static unsigned char *map_user_memory(void)
{
	unsigned char *memory = mmap(NULL, USER_WRITABLE + PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + USER_WRITABLE, PAGE_SIZE, PROT_NONE))
		abort();
	return memory;
}

void api_run_user_write(const struct api_call *call)
{
	size_t writable = call->numbers[0] % (USER_WRITABLE + 1), left = call->numbers[1] % PAGE_SIZE;
	size_t len = call->numbers[2] % PAGE_SIZE, written = len < writable ? len : writable;
	int expected = len <= left && len <= writable ? 0 : -EFAULT, ret;
	static unsigned char src[PAGE_SIZE], expected_bytes[USER_WRITABLE];
	unsigned char *memory = map_user_memory();
	struct user_slice_writer writer;

	for (size_t i = 0; i < PAGE_SIZE; i++)
		src[i] = (unsigned char)(i % 255 + 1);
	user_slice_writer_init(&writer, user_slice_new(memory + USER_WRITABLE - writable, left));
	ret = user_slice_write(&writer, src, len);
	api_expect(ret == expected,
		   "user_slice_write of %zu bytes, with %zu left and %zu writable, returned %d, "
		   "expected %d",
		   len, left, writable, ret, expected);
	api_expect(user_slice_writer_left(&writer) == (ret ? left : left - len),
		   "user_slice_write returned %d and left %zu bytes", ret, user_slice_writer_left(&writer));
	if (len > left)
		written = 0;
	while (ret && library_get()->user_copy_may_stop_early && written &&
	       !memory[USER_WRITABLE - writable + written - 1])
		written--;
	memset(expected_bytes, 0, sizeof(expected_bytes));
	memcpy(expected_bytes + USER_WRITABLE - writable, src, written);
	api_expect(!memcmp(memory, expected_bytes, USER_WRITABLE),
		   "user_slice_write of %zu bytes, with %zu writable, wrote wrong bytes", len, writable);
	munmap(memory, USER_WRITABLE + PAGE_SIZE);
}
