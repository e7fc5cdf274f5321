/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/tagged.h"

#include <string.h>

#define WORD          sizeof(uint64_t)
#define MAILBOX_COUNT 8

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

void tagged_free_page(struct stress_thread *self, const char *what, struct page *page)
{
	if (!page)
		return;
	tagged_check_page(self, what, page, 0);
	stress_free_page(self, page);
}

static struct {
	_Alignas(STRESS_CACHE_LINE) _Atomic(struct page *) page;
} mailboxes[MAILBOX_COUNT];

struct page *mailbox_exchange(struct stress_thread *self, struct page *page)
{
	return atomic_exchange_explicit(&mailboxes[stress_random(self, MAILBOX_COUNT)].page, page,
					memory_order_acq_rel);
}

void mailbox_free_pages(struct stress_thread *first)
{
	for (unsigned int i = 0; i < MAILBOX_COUNT; i++)
		tagged_free_page(first, "page of the mailbox", mailboxes[i].page);
}
