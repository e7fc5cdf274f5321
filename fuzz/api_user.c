/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Calls of fuzz_api for user memory (R9). User memory is mapped once: eight pages, of which some are
 * read-only or inaccessible, with an inaccessible page below and above. A position of a reader or writer is
 * in this memory, or at an address that a process never has. The model has the bytes and the protection of
 * each page.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/library.h"
#include "harness/util/number.h"

#define USER_PAGES 8
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)

/* The largest copy between user memory and memory of the caller. */
#define COPY_MAX (2 * PAGE_SIZE)

enum protection { NO_ACCESS, READ_ONLY, WRITABLE };

static const enum protection first_protections[USER_PAGES] = { WRITABLE,  WRITABLE, NO_ACCESS, WRITABLE,
							       READ_ONLY, WRITABLE, NO_ACCESS, READ_ONLY };

static struct {
	unsigned char *addr; /* NULL: not mapped yet */
	unsigned char bytes[USER_SIZE];
	enum protection protections[USER_PAGES];
	bool have_bytes_changed[USER_PAGES]; /* since the start of the input */
} user;

/* ---- the memory ---- */

static void protect_page(size_t page, enum protection protection)
{
	static const int modes[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

	if (user.protections[page] == protection)
		return;
	user.protections[page] = protection;
	if (mprotect(user.addr + page * PAGE_SIZE, PAGE_SIZE, modes[protection]))
		abort();
}

/* Sets the bytes of the page to those of the start of an input. */
static void set_first_bytes(size_t page)
{
	size_t offset = page * PAGE_SIZE;

	protect_page(page, WRITABLE);
	memcpy(user.bytes + offset, api_pattern(page * 500), PAGE_SIZE);
	memcpy(user.addr + offset, user.bytes + offset, PAGE_SIZE);
	user.have_bytes_changed[page] = false;
}

static void set_first_bytes_and_protection(void)
{
	for (size_t i = 0; i < USER_PAGES; i++) {
		if (user.have_bytes_changed[i])
			set_first_bytes(i);
		protect_page(i, first_protections[i]);
	}
}

static void note_changed_bytes(size_t offset, size_t len)
{
	for (size_t i = offset / PAGE_SIZE; i < USER_PAGES && i * PAGE_SIZE < offset + len; i++)
		user.have_bytes_changed[i] = true;
}

static void map_user_memory(void)
{
	unsigned char *memory = mmap(NULL, USER_SIZE + 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, PAGE_SIZE, PROT_NONE) ||
	    mprotect(memory + PAGE_SIZE + USER_SIZE, PAGE_SIZE, PROT_NONE))
		abort();
	user.addr = memory + PAGE_SIZE;
	for (size_t i = 0; i < USER_PAGES; i++)
		user.protections[i] = WRITABLE;
	note_changed_bytes(0, USER_SIZE);
}

static void set_reader(struct api_slot *slot, struct model_position position)
{
	slot->reader_model = position;
	user_slice_reader_init(&slot->reader, user_slice_new((void *)position.at, position.left));
}

static void set_writer(struct api_slot *slot, struct model_position position)
{
	slot->writer_model = position;
	user_slice_writer_init(&slot->writer, user_slice_new((void *)position.at, position.left));
}

/* Each slot begins with two pages that are left; the second one may be inaccessible. */
static void set_first_positions(void)
{
	for (size_t i = 0; i < API_SLOTS; i++) {
		struct model_position position = { (uintptr_t)user.addr + i * PAGE_SIZE, COPY_MAX };

		set_reader(&api_slots[i], position);
		set_writer(&api_slots[i], position);
	}
}

void api_reset_user_memory(void)
{
	if (!user.addr)
		map_user_memory();
	set_first_positions();
	set_first_bytes_and_protection();
}

/* Return: true if it is known which bytes at the position are accessible. */
static bool is_position_known(uintptr_t at)
{
	uintptr_t first = (uintptr_t)user.addr - PAGE_SIZE;

	/* Linux maps nothing in the first 64 KiB, and no user memory above 2^56. */
	return at - first < USER_SIZE + 2 * PAGE_SIZE || at < 0x8000 || (sizeof(at) > 4 && at >> 60);
}

/* Return: the number of bytes from @at, up to @len, before the first byte without the protection. */
static size_t count_accessible_bytes(uintptr_t at, size_t len, enum protection least)
{
	size_t offset = at - (uintptr_t)user.addr, count = 0;

	while (count < len && offset < USER_SIZE && user.protections[offset / PAGE_SIZE] >= least) {
		size_t rest = PAGE_SIZE - offset % PAGE_SIZE;

		count += rest;
		offset += rest;
	}
	return count < len ? count : len;
}

/* Return: the expected bytes; for an offset outside of user memory, no byte is compared. */
static unsigned char *get_expected_bytes(size_t offset)
{
	return user.bytes + (offset < USER_SIZE ? offset : 0);
}

/* Compares the accessible bytes of the pages around a copy. */
static void check_user_memory(uintptr_t at)
{
	size_t page = (at - (uintptr_t)user.addr) / PAGE_SIZE,
	       first = page && page < USER_PAGES ? page - 1 : 0;

	for (size_t i = first; i < first + 4 && i < USER_PAGES; i++)
		if (user.protections[i] != NO_ACCESS)
			api_expect(api_are_equal_bytes(user.addr + i * PAGE_SIZE, user.bytes + i * PAGE_SIZE,
						       PAGE_SIZE),
				   "page %zu of user memory has wrong bytes", i);
}

static void change_user_bytes(size_t offset, const unsigned char *bytes)
{
	for (size_t i = 0; i < 64 && offset + i < USER_SIZE; i++) {
		if (user.protections[(offset + i) / PAGE_SIZE] != WRITABLE)
			continue;
		user.addr[offset + i] = user.bytes[offset + i] = bytes[i];
	}
	note_changed_bytes(offset, 64);
}

void api_run_user_change(const struct api_call *call)
{
	change_user_bytes(call->numbers[0] % USER_SIZE, api_pattern(call->numbers[1]));
}

void api_run_user_protect(const struct api_call *call)
{
	protect_page(call->numbers[0] % USER_PAGES,
		     (enum protection)(call->numbers[0] / USER_PAGES % (WRITABLE + 1)));
}

/* ---- positions ---- */

/* Return: mostly an address in user memory, also NULL, small addresses, and addresses near 2^63 and 2^64. */
static uintptr_t derive_address(uint64_t number)
{
	uint64_t last = number_pack(number) % NUMBER_SPAN;

	if (number >> 62)
		return (uintptr_t)number;
	if (last < NUMBER_SPAN - 64)
		return (uintptr_t)user.addr + last * 3 % USER_SIZE;
	return last - (NUMBER_SPAN - 64);
}

static struct model_position derive_position(const struct api_call *call)
{
	return (struct model_position){ derive_address(call->numbers[0]),
					api_reduce_upper_half(call->numbers[1], COPY_MAX) };
}

void api_run_reader(const struct api_call *call)
{
	set_reader(&api_slots[call->slot_index], derive_position(call));
}

void api_run_writer(const struct api_call *call)
{
	set_writer(&api_slots[call->slot_index], derive_position(call));
}

/* A copy of a reader or writer has a position of its own. [P160] [P176] */
void api_run_position_copy(const struct api_call *call)
{
	struct api_slot *from = &api_slots[call->slot_index], *to = &api_slots[call->numbers[0] % API_SLOTS];

	to->reader = from->reader;
	to->reader_model = from->reader_model;
	to->writer = from->writer;
	to->writer_model = from->writer_model;
}

static void advance(struct model_position *position, size_t len)
{
	position->at += len;
	position->left -= len;
}

void api_run_skip(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	size_t len = api_reduce_upper_half(call->numbers[0], PAGE_SIZE);
	int expected = len <= slot->reader_model.left ? 0 : -EFAULT,
	    ret = user_slice_skip(&slot->reader, len);

	/* [P168] [P169] */
	api_expect(ret == expected, "user_slice_skip of %#zx of %#zx bytes returned %d", len,
		   slot->reader_model.left, ret);
	if (!ret)
		advance(&slot->reader_model, len);
}

/* ---- copies between user memory and the caller ---- */

/* Return: the length of a copy: too long for the position, or at most what the caller's memory can hold. */
static size_t derive_copy_length(uint64_t number, const struct model_position *position)
{
	size_t len = api_reduce_upper_half(number, COPY_MAX);

	return len > position->left || len <= COPY_MAX ? len : COPY_MAX;
}

/* A library may stop before the fault (library.h). Return: the number of copied bytes that it shows. */
static size_t find_copied_bytes(const unsigned char *seen, const unsigned char *expected, size_t accessible)
{
	if (library_get()->user_copy_may_stop_early)
		while (accessible && seen[accessible - 1] != expected[accessible - 1])
			accessible--;
	return accessible;
}

/* On a library where user_slice_read() is a failure point, a request of a failure is left to other calls. */
static bool may_read_fail_by_request(void)
{
	return library_get()->user_read_is_failure_point && api_is_failure_requested(PAGE_FAULT_USERCOPY);
}

void api_run_user_read(const struct api_call *call)
{
	static unsigned char seen[COPY_MAX + 64], expected[COPY_MAX + 64];
	struct api_slot *slot = &api_slots[call->slot_index];
	struct model_position *position = &slot->reader_model;
	size_t len = derive_copy_length(call->numbers[0], position), accessible = 0;
	size_t offset = position->at - (uintptr_t)user.addr;
	int expected_ret = -EFAULT, ret;

	if (!is_position_known(position->at) || may_read_fail_by_request())
		return;
	memset(seen, 0x5c, sizeof(seen));
	memset(expected, 0x5c, sizeof(expected));
	ret = user_slice_read(&slot->reader, seen, len);
	if (len <= position->left) {
		accessible = count_accessible_bytes(position->at, len, READ_ONLY);
		expected_ret = accessible == len ? 0 : -EFAULT;
		if (ret)
			accessible = find_copied_bytes(seen, get_expected_bytes(offset), accessible);
		if (accessible)
			memcpy(expected, get_expected_bytes(offset), accessible);
		memset(expected + accessible, 0, len - accessible);
	}
	/* [P173] [P174] [P175] */
	api_expect(ret == expected_ret, "user_slice_read of %#zx bytes, %#zx left, returned %d, expected %d",
		   len, position->left, ret, expected_ret);
	api_expect(api_are_equal_bytes(seen, expected, sizeof(seen)),
		   "user_slice_read of %#zx bytes, %zu of them accessible, copied wrong bytes", len,
		   accessible);
	if (!ret)
		advance(position, len);
}

static void write_and_check(struct api_slot *slot, size_t len, const unsigned char *src)
{
	struct model_position *position = &slot->writer_model;
	size_t offset = position->at - (uintptr_t)user.addr, accessible = 0;
	int expected_ret = -EFAULT, ret = user_slice_write(&slot->writer, src, len);
	uintptr_t at = position->at;

	if (len <= position->left) {
		accessible = count_accessible_bytes(position->at, len, WRITABLE);
		expected_ret = accessible == len ? 0 : -EFAULT;
		if (ret)
			accessible = accessible ? find_copied_bytes(user.addr + offset, src, accessible) : 0;
		if (accessible) {
			memcpy(get_expected_bytes(offset), src, accessible);
			note_changed_bytes(offset, accessible);
		}
	}
	/* [P184] [P185] [P186] */
	api_expect(ret == expected_ret, "user_slice_write of %#zx bytes, %#zx left, returned %d, expected %d",
		   len, position->left, ret, expected_ret);
	if (!ret)
		advance(position, len);
	check_user_memory(at);
}

void api_run_writer_write(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];

	if (is_position_known(slot->writer_model.at))
		write_and_check(slot, derive_copy_length(call->numbers[0], &slot->writer_model),
				api_pattern(call->numbers[1]));
}

/* Writes up to the end of the second page; the page after it is inaccessible. */
void api_run_user_write(const struct api_call *call)
{
	size_t writable = call->numbers[0] % (2 * PAGE_SIZE + 1), left = call->numbers[1] % PAGE_SIZE;
	uintptr_t at = (uintptr_t)user.addr + 2 * PAGE_SIZE - writable;
	struct api_slot *slot = &api_slots[0];

	set_writer(slot, (struct model_position){ at, left });
	write_and_check(slot, call->numbers[2] % PAGE_SIZE, api_pattern(7));
}

/* ---- copies from user memory to a page ---- */

/*
 * Return: whether an injected failure made the copy fail. A fault and an injected failure have the same
 * result, so the bytes show the difference: after a fault, the first bytes are copied. [P194] [P195]
 * @otherwise: the result if nothing shows the difference
 */
static bool was_copy_injected(const struct model_page *page, size_t off, size_t accessible, size_t len,
			      bool otherwise)
{
	unsigned char first = 0;

	if (accessible == len)
		return true;
	if (!accessible)
		return api_did_times_decrease(PAGE_FAULT_USERCOPY, otherwise);
	page_read_raw(page->page, &first, off, 1);
	return !first;
}

static void check_copied_bytes(struct model_page *page, size_t off, size_t len, size_t offset,
			       size_t accessible)
{
	static unsigned char seen[PAGE_SIZE];

	page_read_raw(page->page, seen, off, len);
	if (accessible < len)
		accessible = find_copied_bytes(seen, get_expected_bytes(offset), accessible);
	api_model_fill_zero(page, off, len);
	if (accessible)
		api_model_write(page, off, get_expected_bytes(offset), accessible);
}

/* The range is good, and the reader has @len bytes left. */
static void check_copy_of_good_range(struct api_slot *slot, size_t off, size_t len, int ret)
{
	enum api_prediction prediction = api_count_and_predict(PAGE_FAULT_USERCOPY, 0, 0);
	struct model_position *position = &slot->reader_model;
	size_t accessible = count_accessible_bytes(position->at, len, READ_ONLY);
	bool is_injected = prediction == MUST_FAIL;

	if (!len)
		is_injected = api_did_times_decrease(PAGE_FAULT_USERCOPY, is_injected);
	else if (ret && prediction != MUST_SUCCEED)
		is_injected = was_copy_injected(slot->page, off, accessible, len, is_injected);
	else if (!ret)
		is_injected = false;
	api_check_prediction(PAGE_FAULT_USERCOPY, prediction, is_injected);
	/* [P193] [P194] [P195] [P196] */
	api_expect(ret == (len && (is_injected || accessible < len) ? -EFAULT : 0),
		   "page_copy_from_user_slice of %zu bytes, %zu of them accessible, returned %d", len,
		   accessible, ret);
	if (is_injected)
		api_model_fill_zero(slot->page, off, len);
	else
		check_copied_bytes(slot->page, off, len, position->at - (uintptr_t)user.addr, accessible);
	if (!ret)
		advance(position, len);
}

static void copy_from_user_and_check(struct api_slot *slot, size_t off, size_t len)
{
	bool is_good = api_is_good_range(off, len);
	int ret = page_copy_from_user_slice(slot->page->page, &slot->reader, off, len);

	api_touch_page(slot->page);
	if (is_good && len <= slot->reader_model.left)
		check_copy_of_good_range(slot, off, len, ret);
	else /* [P191] [P192] */
		api_expect(ret == (is_good ? -EFAULT : -EINVAL),
			   "page_copy_from_user_slice(%#zx, %#zx), %#zx left, returned %d", off, len,
			   slot->reader_model.left, ret);
}

static bool can_copy_to_slot(const struct api_slot *slot)
{
	return api_has_free_mappings(1) && is_position_known(slot->reader_model.at);
}

void api_run_copy_from_user(const struct api_call *call)
{
	size_t off = api_reduce_upper_half(call->numbers[0], PAGE_SIZE);
	size_t len = api_reduce_upper_half(call->numbers[1], off <= PAGE_SIZE ? PAGE_SIZE - off : 0);
	struct api_slot *slot = &api_slots[call->slot_index];

	api_get_or_alloc_page(call);
	if (can_copy_to_slot(slot))
		copy_from_user_and_check(slot, off, len);
}

/* Makes the page of the first fault accessible, or changes the bytes. Copies from the same address again. */
void api_run_copy_twice(const struct api_call *call)
{
	size_t len = call->numbers[0] % PAGE_SIZE, offset, accessible;
	struct api_slot *slot = &api_slots[call->slot_index];
	struct model_position first = slot->reader_model;

	api_get_or_alloc_page(call);
	if (!can_copy_to_slot(slot))
		return;
	copy_from_user_and_check(slot, 0, len);
	offset = first.at - (uintptr_t)user.addr;
	accessible = count_accessible_bytes(first.at, len, READ_ONLY);
	if (offset < USER_SIZE && accessible < len && offset + accessible < USER_SIZE)
		protect_page((offset + accessible) / PAGE_SIZE, WRITABLE);
	else if (offset < USER_SIZE)
		change_user_bytes(offset, api_pattern(call->numbers[0] + 1));
	set_reader(slot, first);
	copy_from_user_and_check(slot, 0, len);
}

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
	struct model_page *page = api_get_or_alloc_page(call);
	struct user_slice_reader reader;
	enum api_prediction prediction;
	unsigned char *addr;
	int ret;

	if (!api_has_free_mappings(2))
		return;
	page_write_raw(page->page, api_pattern(off), 0, PAGE_SIZE);
	api_model_write(page, 0, api_pattern(off), PAGE_SIZE);
	addr = page_map_local(page->page);
	user_slice_reader_init(&reader,
			       user_slice_new((unsigned char *)page_canonical(addr) + off + shift, len));
	ret = page_copy_from_user_slice(page->page, &reader, off, len);
	page_unmap_local(addr);
	api_touch_page(page);
	api_expect(!ret || (len && ret == -EFAULT), "page_copy_from_user_slice returned %d", ret);
	prediction = api_count_and_predict(PAGE_FAULT_USERCOPY, 0, 0);
	api_check_prediction(PAGE_FAULT_USERCOPY, prediction,
			     len ? ret != 0 :
				   api_did_times_decrease(PAGE_FAULT_USERCOPY, prediction == MUST_FAIL));
	api_expect(user_slice_left(&reader) == (ret ? len : 0),
		   "page_copy_from_user_slice returned %d and left %zu bytes", ret, user_slice_left(&reader));
	if (ret)
		api_model_fill_zero(page, off, len);
	else
		api_model_write(page, off, api_pattern(off) + off + shift, len);
}
