/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A page is shared with user memory while its owner writes; an extra reference keeps it after the
 * drop (use pattern 7, R8, R9). The interleavings to find:
 *
 *   1. A byte that no thread wrote: user memory changes while it is copied, but each byte that
 *      arrives is one that its owner wrote there.
 *        A: writes its user memory              B: copies it, finds a byte that A never
 *                                                  wrote at that place
 *   2. A byte that is read twice, or read back from the page: a length or a value that was checked
 *      is not the one that is used. (Found as 1.)
 *   3. The drop is not the last one, but frees:
 *        A: gets a reference, puts the page in the mailbox, drops its own
 *                                               B: takes it out, finds a freed page
 *   4. B, which has the last reference, does not see what A wrote before its drop.
 *
 * No bug in the library is known to cause 1. and 4.: run minutes, with every --copy.
 */
#include <errno.h>
#include <stdlib.h>

#include "stress/tagged.h"

#define GENERATIONS 16

static struct owner {
	/* A page of user memory that all threads read. */
	_Alignas(STRESS_CACHE_LINE) unsigned char *user;
	/* The page to which this thread copies other threads' memory. */
	struct page *page;
} owners[STRESS_THREADS_MAX];

/* Return: the byte that the owner writes at @pos; its low 4 bits are the generation. */
static unsigned char expected_byte(unsigned int owner, size_t pos, unsigned int generation)
{
	unsigned int place = (unsigned int)stress_hash((uint64_t)owner << 12 | pos) & 0xf0;

	return (unsigned char)(place | (generation % GENERATIONS));
}

static void write_user_memory(unsigned int owner, size_t off, size_t len, unsigned int generation)
{
	unsigned char *user = owners[owner].user;

	for (size_t i = off; i < off + len; i++)
		user[i] = expected_byte(owner, i, generation);
}

static void allocate_owner(struct stress_thread *self)
{
	struct owner *owner = &owners[self->thread_index];

	owner->user = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!owner->user)
		stress_exit_failed("user memory", errno);
	write_user_memory(self->thread_index, 0, PAGE_SIZE, 0);
	owner->page = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
}

static void free_owner(struct stress_thread *self)
{
	page_free(owners[self->thread_index].page);
	free(owners[self->thread_index].user);
}

static void overwrite_memory(struct stress_thread *self)
{
	size_t off = stress_random(self, PAGE_SIZE);
	size_t len = 1 + stress_random(self, PAGE_SIZE - off);
	unsigned int generation = stress_random(self, GENERATIONS);

	stress_record_range(self, self->thread_index, off, len, (unsigned char)generation);
	write_user_memory(self->thread_index, off, len, generation);
	if (stress_has_bug("thin-air"))
		owners[self->thread_index].user[off] ^= 0x80;
}

static void check_copy(struct stress_thread *self, unsigned int owner, size_t off, size_t len)
{
	unsigned char bytes[PAGE_SIZE];

	stress_read(self, owners[self->thread_index].page, bytes, off, len);
	for (size_t i = 0; i < len; i++) {
		if ((bytes[i] & 0xf0) == expected_byte(owner, off + i, 0))
			continue;
		stress_fail(self,
			    "byte out of thin air: user memory of thread %u, byte 0x%zx, copied "
			    "by thread %u: expected 0x%xX, found 0x%02x",
			    owner, off + i, self->thread_index,
			    expected_byte(owner, off + i, 0) >> 4, bytes[i]);
		return;
	}
}

static void copy_user_memory(struct stress_thread *self)
{
	unsigned int owner = stress_random(self, current_run.thread_count);
	size_t off = stress_random(self, PAGE_SIZE), len = 1 + stress_random(self, PAGE_SIZE - off);
	struct user_slice_reader reader;
	int error;

	stress_record_range(self, owner, off, len, 0);
	user_slice_reader_init(&reader, user_slice_new(owners[owner].user, PAGE_SIZE));
	stress_expect_ok(self, "user_slice_skip", user_slice_skip(&reader, off));
	error = page_copy_from_user_slice(owners[self->thread_index].page, &reader, off, len);
	if (stress_is_refused_copy(self, error))
		return;
	stress_expect_ok(self, "page_copy_from_user_slice", error);
	if (!error)
		check_copy(self, owner, off, len);
}

static void send_page(struct stress_thread *self)
{
	struct page *page = tagged_alloc_page(self), *before;

	if (!page)
		return;
	if (!stress_has_bug("no-get"))
		page_get(page);
	before = mailbox_exchange(self, page);
	page_free(page);
	tagged_free_page(self, "page of the mailbox", before);
}

static void receive_page(struct stress_thread *self)
{
	tagged_free_page(self, "page of the mailbox", mailbox_exchange(self, NULL));
}

const struct stress_scenario stress_user = {
	.operations = {
		{ "scribble", 3, .run = overwrite_memory },
		{ "copy", 3, .run = copy_user_memory },
		{ "send", 1, .run = send_page },
		{ "receive", 1, .run = receive_page },
	},
	.prepare_thread = allocate_owner,
	.finish_thread = free_owner,
	.finish = mailbox_free_pages,
};
