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

uint64_t tagged_next_tag(struct stress_thread *self)
{
	return (uint64_t)(self->thread_index + 1) << 40 | GENERATION_OF(++self->tag_generation);
}

static uint64_t tagged_word_at(uint64_t tag, size_t pos)
{
	return tag ^ stress_hash(pos / WORD);
}

static unsigned char tagged_byte_at(uint64_t tag, size_t pos)
{
	return (unsigned char)(tagged_word_at(tag, pos) >> pos % WORD * 8);
}

void tagged_fill(unsigned char *to, uint64_t tag, size_t pos, size_t len)
{
	size_t i = 0;

	for (; i < len && (pos + i) % WORD; i++)
		to[i] = tagged_byte_at(tag, pos + i);
	for (; i + WORD <= len; i += WORD) {
		uint64_t word = tagged_word_at(tag, pos + i);

		memcpy(to + i, &word, WORD);
	}
	for (; i < len; i++)
		to[i] = tagged_byte_at(tag, pos + i);
}

/* Return: the tag of the word that contains byte number @nth; 0 if not the whole word is there. */
static uint64_t decode_word_tag(const unsigned char *bytes, size_t nth, size_t pos, size_t len)
{
	size_t before = (pos + nth) % WORD;
	uint64_t word;

	if (nth < before || nth - before + WORD > len)
		return 0;
	memcpy(&word, bytes + nth - before, WORD);
	return tagged_word_at(word, pos + nth);
}

void tagged_check(struct stress_thread *self, const char *what, const unsigned char *bytes,
		  uint64_t tag, size_t pos, size_t len)
{
	size_t nth = 0;
	uint64_t found_tag;

	while (nth < len && bytes[nth] == tagged_byte_at(tag, pos + nth))
		nth++;
	if (nth == len)
		return;
	found_tag = decode_word_tag(bytes, nth, pos, len);
	stress_fail(self,
		    "%s+0x%zx in thread %u: expected owner %d, generation %llu (0x%02x), found "
		    "0x%02x, in a word as of owner %d, generation %llu",
		    what, pos + nth, self->thread_index, OWNER_OF(tag), GENERATION_OF(tag),
		    tagged_byte_at(tag, pos + nth), bytes[nth], OWNER_OF(found_tag),
		    GENERATION_OF(found_tag));
}

uint64_t tagged_write_page(struct stress_thread *self, struct page *page)
{
	uint64_t tag = tagged_next_tag(self);
	unsigned char bytes[PAGE_SIZE];

	tagged_fill(bytes, tag, 0, PAGE_SIZE);
	memcpy(bytes, &tag, WORD);
	stress_write(self, page, bytes, 0, PAGE_SIZE);
	return tag;
}

struct page *tagged_alloc_page(struct stress_thread *self)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL);

	if (page)
		tagged_write_page(self, page);
	return page;
}

void tagged_check_page(struct stress_thread *self, const char *what, struct page *page,
		       uint64_t expected)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	stress_read(self, page, bytes, 0, PAGE_SIZE);
	memcpy(&tag, bytes, WORD);
	if (expected && tag != expected)
		stress_fail(self,
			    "%s in thread %u: expected owner %d, generation %llu, found %d, %llu",
			    what, self->thread_index, OWNER_OF(expected), GENERATION_OF(expected),
			    OWNER_OF(tag), GENERATION_OF(tag));
	tagged_check(self, what, bytes + WORD, expected ? expected : tag, WORD, PAGE_SIZE - WORD);
}

void tagged_free_page(struct stress_thread *self, struct page *page)
{
	if (!page)
		return;
	tagged_check_page(self, "passed page", page, 0);
	stress_free_page(self, page);
}

/* ---- entries ---- */

/* Return: the index of an entry close to others, at one of the ends of the page. */
static size_t pick_entry(struct stress_thread *self)
{
	size_t nth = stress_random(self, ENTRIES_USED);
	size_t index = nth < ENTRIES_USED / 2 ? nth : ENTRIES - ENTRIES_USED + nth;

	stress_record_range(self, 0, index * sizeof(entry), sizeof(entry), 0);
	return index;
}

static uint64_t exchange_by_load_and_store(entry *mapped, uint64_t value)
{
	uint64_t before = atomic_load_explicit(mapped, memory_order_acquire);

	stress_widen_window();
	atomic_store_explicit(mapped, value, memory_order_release);
	return before;
}

/*
 * ThreadSanitizer identifies an atomic by its address, and an entry may have another address in the
 * mapping than its canonical one (R4): its order is reported there too.
 */
struct page *entries_exchange(struct stress_thread *self, struct page *page)
{
	entry *entries = page_map_local(current_run.page);
	entry *mapped = &entries[pick_entry(self)];
	void *canonical = page_canonical(mapped);
	uint64_t before;

	if (canonical != (void *)mapped)
		tsan_release(canonical);
	before = stress_has_bug("two-owners") ?
			 exchange_by_load_and_store(mapped, (uintptr_t)page) :
			 atomic_exchange_explicit(mapped, (uintptr_t)page, memory_order_acq_rel);
	if (canonical != (void *)mapped)
		tsan_acquire(canonical);
	page_unmap_local(entries);
	return (struct page *)(uintptr_t)before;
}

void entries_free_pages(struct stress_thread *first)
{
	entry *entries = page_map_local(current_run.page);

	for (size_t i = 0; i < ENTRIES; i++)
		tagged_free_page(first, (struct page *)(uintptr_t)atomic_exchange(&entries[i], 0));
	page_unmap_local(entries);
}
