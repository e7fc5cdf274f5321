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

#include "stress/mailbox.h"
#include "stress/tagged.h"

#define GENERATIONS 16

enum { NO_BUG, NO_GET, THIN_AIR };

static struct owner {
	/* A page of user memory that all threads read. */
	_Alignas(STRESS_CACHE_LINE) unsigned char *user;
	/* The page to which this thread copies other threads' memory. */
	struct page *page;
} owners[STRESS_THREADS_MAX];

static struct mailbox boxes[MAILBOX_COUNT];

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

static void prepare_run(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->thread_count; i++) {
		owners[i].user = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!owners[i].user)
			abort();
		write_user_memory(i, 0, PAGE_SIZE, 0);
		owners[i].page = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	}
}

static void overwrite_memory(struct stress_thread *self)
{
	size_t off = stress_random(self, PAGE_SIZE);
	size_t len = 1 + stress_random(self, PAGE_SIZE - off);
	unsigned int generation = stress_random(self, GENERATIONS);

	stress_record_range(self, self->thread_index, off, len, (unsigned char)generation);
	write_user_memory(self->thread_index, off, len, generation);
	if (self->run->bug_number == THIN_AIR)
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
	unsigned int owner = stress_random(self, self->run->thread_count);
	size_t off = stress_random(self, PAGE_SIZE), len = 1 + stress_random(self, PAGE_SIZE - off);
	struct user_slice_reader reader;
	int ret;

	stress_record_range(self, owner, off, len, 0);
	user_slice_reader_init(&reader, user_slice_new(owners[owner].user, PAGE_SIZE));
	stress_expect_ok(self, "user_slice_skip", user_slice_skip(&reader, off));
	ret = page_copy_from_user_slice(owners[self->thread_index].page, &reader, off, len);
	if (ret == -EFAULT && stress_copy_may_fail(self))
		stress_count_refused_copy(self);
	else
		stress_expect_ok(self, "page_copy_from_user_slice", ret);
	if (!ret)
		check_copy(self, owner, off, len);
}

/* ---- the mailbox ---- */

static void free_received(struct stress_thread *self, struct page *page)
{
	if (!page)
		return;
	tagged_check_page(self, "page of the mailbox", page, 0);
	stress_free_page(self, page);
}

static void send_page(struct stress_thread *self)
{
	struct page *page = stress_alloc_page(self, GFP_KERNEL), *before;

	if (!page)
		return;
	tagged_write_page(self, page);
	if (self->run->bug_number != NO_GET)
		page_get(page);
	before = mailbox_exchange(boxes, self, page);
	page_free(page);
	free_received(self, before);
}

static void receive_page(struct stress_thread *self)
{
	free_received(self, mailbox_exchange(boxes, self, NULL));
}

static void finish_pattern(struct stress_thread *first)
{
	for (unsigned int i = 0; i < MAILBOX_COUNT; i++)
		free_received(first, boxes[i].page);
	for (unsigned int i = 0; i < first->run->thread_count; i++) {
		page_free(owners[i].page);
		free(owners[i].user);
	}
}

const struct stress_pattern stress_user = {
	.name = "user",
	.summary = "copy user memory that changes during the copy; keep references after a drop",
	.threads_min = 1,
	.operations = {
		{ "scribble", 3, .run = overwrite_memory },
		{ "copy", 3, .run = copy_user_memory },
		{ "send", 1, .run = send_page },
		{ "receive", 1, .run = receive_page },
	},
	.bugs = {
		{ "no-get", .effect = "the page is passed on without a reference" },
		{ "thin-air", .effect = "a thread writes a value to its user memory that the check does not allow" },
	},
	.prepare = prepare_run,
	.finish = finish_pattern,
};
