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
#include <string.h>

#include "stress/tagged.h"
#include "stress/stress.h"

#define BOXES	    4
#define GENERATIONS 16

enum { HEALTHY, NO_GET, THIN_AIR, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[NO_GET] = { "no-get", "the page is handed over without a reference", false },
	[THIN_AIR] = { "thin-air", "a scribbler writes what is not its own", false },
	[BUSTED] = { NULL, NULL, false },
};

static struct person {
	_Alignas(STRESS_CACHE_LINE) unsigned char *user; /* a page of memory that all threads read */
	struct page *page;				 /* the page to which other threads' memory
							  * is copied */
	uint64_t generation;
} persons[STRESS_THREADS_MAX];

static struct box {
	_Alignas(STRESS_CACHE_LINE) _Atomic(struct page *) page;
} boxes[BOXES];

/* Returns the byte that the owner writes at @pos; its low 4 bits are the generation. */
static unsigned char legal(unsigned int owner, size_t pos, unsigned int generation)
{
	unsigned int where = (unsigned int)stress_hash((uint64_t)owner << 12 | pos) & 0xf0;

	return (unsigned char)(where | (generation % GENERATIONS));
}

static void overwrite_bytes(unsigned int owner, size_t off, size_t len, unsigned int generation)
{
	unsigned char *user = persons[owner].user;

	for (size_t i = off; i < off + len; i++)
		user[i] = legal(owner, i, generation);
}

static void start(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->threads; i++) {
		persons[i].user = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!persons[i].user)
			abort();
		overwrite_bytes(i, 0, PAGE_SIZE, 0);
		persons[i].page = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	}
}

static void overwrite_memory(struct stress_thread *self)
{
	size_t off = stress_thread_random(self, PAGE_SIZE);
	size_t len = 1 + stress_thread_random(self, PAGE_SIZE - off);
	unsigned int generation = (unsigned int)stress_thread_random(self, GENERATIONS);

	stress_set_op(self, self->index, off, len, (unsigned char)generation);
	overwrite_bytes(self->index, off, len, generation);
	if (self->run->busted == THIN_AIR)
		persons[self->index].user[off] ^= 0x80;
}

static void check_legal(struct stress_thread *self, unsigned int owner, size_t off, size_t len)
{
	unsigned char bytes[PAGE_SIZE];

	stress_expect_ok(self, "page_read_raw",
			 page_read_raw(persons[self->index].page, bytes, off, len));
	for (size_t i = 0; i < len; i++) {
		if ((bytes[i] & 0xf0) == (legal(owner, off + i, 0) & 0xf0))
			continue;
		stress_fail(self,
			    "byte out of thin air: user memory of thread %u, byte 0x%zx, copied "
			    "by thread %u: expected 0x%xX, found 0x%02x",
			    owner, off + i, self->index, legal(owner, off + i, 0) >> 4, bytes[i]);
		return;
	}
}

static void copy(struct stress_thread *self)
{
	unsigned int owner = (unsigned int)stress_thread_random(self, self->run->threads);
	size_t off = stress_thread_random(self, PAGE_SIZE), len = 1 + stress_thread_random(self, PAGE_SIZE - off);
	struct user_slice_reader reader;
	int ret;

	stress_set_op(self, owner, off, len, 0);
	user_slice_reader_init(&reader, user_slice_new(persons[owner].user, PAGE_SIZE));
	stress_expect_ok(self, "user_slice_skip", user_slice_skip(&reader, off));
	ret = page_copy_from_user_slice(persons[self->index].page, &reader, off, len);
	if (ret == -EFAULT && stress_copy_may_fail(self))
		stress_count_refused(self, "page_copy_from_user_slice", true);
	else
		stress_expect_ok(self, "page_copy_from_user_slice", ret);
	if (!ret)
		check_legal(self, owner, off, len);
}

/* ---- the mailbox ---- */

static void take_from_mailbox(struct stress_thread *self, struct page *page)
{
	unsigned char bytes[PAGE_SIZE];
	uint64_t tag;

	stress_expect_ok(self, "page_read_raw", page_read_raw(page, bytes, 0, PAGE_SIZE));
	memcpy(&tag, bytes, sizeof(tag));
	tagged_check(self, "page of the mailbox", bytes + sizeof(tag), tag, sizeof(tag),
		    PAGE_SIZE - sizeof(tag));
	page_free(page);
}

static void send(struct stress_thread *self)
{
	struct box *box = &boxes[stress_thread_random(self, BOXES)];
	struct page *page = stress_alloc(self, GFP_KERNEL), *before;
	uint64_t tag = tagged_make_tag(self->index, ++persons[self->index].generation);
	unsigned char bytes[PAGE_SIZE];

	if (!page)
		return;
	tagged_fill(bytes, tag, 0, PAGE_SIZE);
	memcpy(bytes, &tag, sizeof(tag));
	stress_expect_ok(self, "page_write_raw", page_write_raw(page, bytes, 0, PAGE_SIZE));
	if (self->run->busted != NO_GET)
		page_get(page);
	before = atomic_exchange_explicit(&box->page, page, memory_order_acq_rel);
	page_free(page);
	if (before)
		take_from_mailbox(self, before);
}

static void receive(struct stress_thread *self)
{
	struct box *box = &boxes[stress_thread_random(self, BOXES)];
	struct page *page = atomic_exchange_explicit(&box->page, NULL, memory_order_acq_rel);

	if (page)
		take_from_mailbox(self, page);
}

static void finish(struct stress_thread *first)
{
	for (unsigned int i = 0; i < BOXES; i++)
		if (atomic_load(&boxes[i].page))
			take_from_mailbox(first, atomic_load(&boxes[i].page));
	for (unsigned int i = 0; i < first->run->threads; i++) {
		page_free(persons[i].page);
		free(persons[i].user);
	}
}

static const struct stress_kind kinds[] = {
	{ "scribble", 3, overwrite_memory, NULL },
	{ "copy", 3, copy, NULL },
	{ "send", 1, send, NULL },
	{ "receive", 1, receive, NULL },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_user",
	.about = "User memory that changes while it is copied; references that outlive a drop.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
