/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/tagged.h"

#include <string.h>

#include "harness/detect/tsan.h"

#define WORD         sizeof(uint64_t)
#define ENTRIES_USED 16
#define ENTRIES      (PAGE_SIZE / sizeof(entry))

typedef _Atomic uint64_t entry;

#define OWNER_OF(tag)      ((int)((tag) >> 40) - 1)
#define GENERATION_OF(tag) ((unsigned long long)((tag)&0xffffffffff))

uint64_t tagged_make_next_tag(struct stress_thread *self)
{
	return (uint64_t)(self->thread_index + 1) << 40 | GENERATION_OF(++self->last_tag_generation);
}

static uint64_t compute_tagged_word(uint64_t tag, size_t pos)
{
	return tag ^ stress_hash(pos / WORD);
}

static unsigned char compute_tagged_byte(uint64_t tag, size_t pos)
{
	return (unsigned char)(compute_tagged_word(tag, pos) >> pos % WORD * 8);
}

void tagged_fill_bytes(unsigned char *to, uint64_t tag, size_t pos, size_t len)
{
	size_t i = 0;

	for (; i < len && (pos + i) % WORD; i++)
		to[i] = compute_tagged_byte(tag, pos + i);
	for (; i + WORD <= len; i += WORD) {
		uint64_t word = compute_tagged_word(tag, pos + i);

		memcpy(to + i, &word, WORD);
	}
	for (; i < len; i++)
		to[i] = compute_tagged_byte(tag, pos + i);
}

/* Return: the tag of the word that contains byte @byte_index; 0 if @bytes does not have the whole word. */
static uint64_t decode_word_tag_or_zero(const unsigned char *bytes, size_t byte_index, size_t pos, size_t len)
{
	size_t byte_in_word = (pos + byte_index) % WORD;
	uint64_t word;

	if (byte_index < byte_in_word || byte_index - byte_in_word + WORD > len)
		return 0;
	memcpy(&word, bytes + byte_index - byte_in_word, WORD);
	return compute_tagged_word(word, pos + byte_index);
}

void tagged_check_bytes(struct stress_thread *self, const char *bytes_name, const unsigned char *bytes,
			uint64_t tag, size_t pos, size_t len)
{
	size_t byte_index = 0;
	uint64_t found_tag;

	while (byte_index < len && bytes[byte_index] == compute_tagged_byte(tag, pos + byte_index))
		byte_index++;
	if (byte_index == len)
		return;
	found_tag = decode_word_tag_or_zero(bytes, byte_index, pos, len);
	stress_report_failure(self,
			      "%s+0x%zx in thread %u: expected owner %d, generation %llu (0x%02x), found "
			      "0x%02x, in a word as of owner %d, generation %llu",
			      bytes_name, pos + byte_index, self->thread_index, OWNER_OF(tag),
			      GENERATION_OF(tag), compute_tagged_byte(tag, pos + byte_index),
			      bytes[byte_index], OWNER_OF(found_tag), GENERATION_OF(found_tag));
}

uint64_t tagged_write_page_with_next_tag(struct stress_thread *self, struct page *page)
{
	uint64_t tag = tagged_make_next_tag(self);
	unsigned char bytes[PAGE_SIZE];

	tagged_fill_bytes(bytes, tag, 0, PAGE_SIZE);
	memcpy(bytes, &tag, WORD);
	stress_write_page(self, page, bytes, 0, PAGE_SIZE);
	return tag;
}

struct page *tagged_alloc_and_write_page(struct stress_thread *self)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL);

	if (page)
		tagged_write_page_with_next_tag(self, page);
	return page;
}

void tagged_check_page(struct stress_thread *self, const char *bytes_name, struct page *page,
		       uint64_t expected_tag)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	stress_read_page(self, page, bytes, 0, PAGE_SIZE);
	memcpy(&tag, bytes, WORD);
	if (expected_tag && tag != expected_tag)
		stress_report_failure(self,
				      "%s in thread %u: expected owner %d, generation %llu, found %d, %llu",
				      bytes_name, self->thread_index, OWNER_OF(expected_tag),
				      GENERATION_OF(expected_tag), OWNER_OF(tag), GENERATION_OF(tag));
	tagged_check_bytes(self, bytes_name, bytes + WORD, expected_tag ? expected_tag : tag, WORD,
			   PAGE_SIZE - WORD);
}

void tagged_check_and_free_page(struct stress_thread *self, struct page *page)
{
	if (!page)
		return;
	tagged_check_page(self, "passed page", page, 0);
	stress_free_page(self, page);
}

/* ---- entries ---- */

/* Picks and records one of the first 8 and last 8 entries of the common page. Return: its index. */
static size_t pick_and_record_end_entry(struct stress_thread *self)
{
	size_t used_index = stress_pick_number(self, ENTRIES_USED);
	size_t index = used_index < ENTRIES_USED / 2 ? used_index : ENTRIES - ENTRIES_USED + used_index;

	stress_record_access(self, 0, index * sizeof(entry), sizeof(entry), 0);
	return index;
}

/*
 * Also orders the threads by tsan_release() and tsan_acquire() at the entry's canonical address, which is the
 * same for all mappings. For ThreadSanitizer an atomic orders two threads only if both use it at the same
 * address, but each mapping may have another address (R4).
 */
struct page *entries_exchange_random_entry(struct stress_thread *self, struct page *page)
{
	entry *entries = page_map_local(current_run.common_page);
	entry *mapped = &entries[pick_and_record_end_entry(self)];
	void *canonical = page_canonical(mapped);
	uint64_t previous_address;

	if (canonical != (void *)mapped)
		tsan_release(canonical);
	if (stress_injects_bug("two-owners")) {
		previous_address = atomic_load_explicit(mapped, memory_order_acquire);
		stress_let_other_threads_run();
		atomic_store_explicit(mapped, (uintptr_t)page, memory_order_release);
	} else {
		previous_address = atomic_exchange_explicit(mapped, (uintptr_t)page, memory_order_acq_rel);
	}
	if (canonical != (void *)mapped)
		tsan_acquire(canonical);
	page_unmap_local(entries);
	return (struct page *)(uintptr_t)previous_address;
}

void entries_check_and_free_pages(struct stress_thread *first)
{
	entry *entries = page_map_local(current_run.common_page);

	for (size_t i = 0; i < ENTRIES; i++)
		tagged_check_and_free_page(first, (struct page *)(uintptr_t)atomic_exchange(&entries[i], 0));
	page_unmap_local(entries);
}
