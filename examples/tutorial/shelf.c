/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A small page library for doc/tutorial.md: a fixed set of pages ("shelf") that are reused in turn, and
 * long writes that copy words. It keeps the rules of page.h, except for one bug.
 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "page.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define FORGET(bytes) __msan_poison(bytes, PAGE_SIZE)
#endif
#endif
#ifndef FORGET
#define FORGET(bytes) (void)(bytes)
#endif

#define SHELF 128     /* number of pages; a page is reused after all others */
#define LONG_WRITE 24 /* copy words from this number of bytes on */

struct page {
	_Alignas(PAGE_SIZE) unsigned char bytes[PAGE_SIZE];
	_Alignas(PAGE_SIZE) unsigned char guard[PAGE_SIZE - 64];
	atomic_uint refs, maps;
};

struct page_task {
	unsigned int fail_nth, depth;
	struct page *maps[PAGE_TASK_MAPPINGS];
};

static struct page shelf[SHELF];
static atomic_uint turn;
static _Thread_local struct page_task own;
static _Thread_local struct page_task *running;

static _Noreturn void bug(const char *rule)
{
	fprintf(stderr, "BUG: page: %s\n", rule);
	abort();
}

/* ---- tasks ---- */

/* All fibers share the variable, which ThreadSanitizer would report as a race. */
#define HIDDEN __attribute__((no_sanitize("thread"), noinline))

HIDDEN static struct page_task *current(void)
{
	return running ? running : &own;
}

struct page_task *page_task_new(const char *name)
{
	(void)name;
	return calloc(1, sizeof(struct page_task));
}

static void pop(struct page_task *task)
{
	struct page *page = task->maps[--task->depth];

	atomic_fetch_sub_explicit(&page->maps, 1, memory_order_relaxed);
}

unsigned int page_task_delete(struct page_task *task)
{
	unsigned int depth = task ? task->depth : 0;

	while (task && task->depth)
		pop(task);
	free(task);
	return depth;
}

HIDDEN void page_task_switch_out(struct page_task *task)
{
	(void)task;
	running = NULL;
}

HIDDEN void page_task_switch_in(struct page_task *task)
{
	running = task;
}

unsigned int page_fail_nth(unsigned int n)
{
	unsigned int left = current()->fail_nth;

	current()->fail_nth = n;
	return left;
}

static bool fails(void)
{
	return current()->fail_nth && !--current()->fail_nth;
}

/* ---- lifetime ---- */

static void must_live(const struct page *page)
{
	if (!atomic_load_explicit(&page->refs, memory_order_relaxed))
		bug("use-after-free");
}

/* Take the next free page of the shelf; it happens after everything its last owner did. */
static struct page *take(void)
{
	for (unsigned int i = 0; i < SHELF; i++) {
		unsigned int next = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
		struct page *page = &shelf[next % SHELF];
		unsigned int none = 0;

		if (atomic_compare_exchange_strong_explicit(&page->refs, &none, 1, memory_order_acquire,
							    memory_order_relaxed))
			return page;
	}
	return NULL;
}

struct page *page_alloc(gfp_t gfp)
{
	struct page *page = !(gfp & __GFP_NOFAIL) && fails() ? NULL : take();

	errno = ENOMEM;
	if (!page)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(page->bytes, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page->guard, sizeof(page->guard)); /* never used */
	FORGET(page->bytes);
	if (gfp & __GFP_ZERO)
		memset(page->bytes, 0, PAGE_SIZE);
	return page;
}

void page_get(struct page *page)
{
	must_live(page);
	atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
}

/* The last owner overwrites the page before it gives the page up. */
void page_free(struct page *page)
{
	unsigned int refs;

	if (!page)
		return;
	must_live(page);
	refs = atomic_load_explicit(&page->refs, memory_order_acquire);
	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(&page->refs, &refs, refs - 1,
							  memory_order_acq_rel, memory_order_acquire))
			return;
	memset(page->bytes, 0xaa, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page->bytes, PAGE_SIZE);
	atomic_store_explicit(&page->refs, 0, memory_order_release);
}

unsigned int page_ref_count(const struct page *page)
{
	return atomic_load_explicit(&page->refs, memory_order_relaxed);
}

/* ---- mapping: a page has one address ---- */

static void must_have_room(const struct page *page, unsigned int more)
{
	must_live(page);
	if (current()->depth + more >= PAGE_TASK_MAPPINGS)
		bug("map-overflow");
}

void *page_map_local(struct page *page)
{
	struct page_task *task = current();

	must_have_room(page, 0);
	task->maps[task->depth++] = page;
	atomic_fetch_add_explicit(&page->maps, 1, memory_order_relaxed);
	return page->bytes;
}

void page_unmap_local(const void *addr)
{
	struct page_task *task = current();
	struct page *page = shelf + ((uintptr_t)addr - (uintptr_t)shelf) / sizeof(*page);
	unsigned int i = task->depth;

	while (i && task->maps[i - 1] != page)
		i--;
	if (i && i == task->depth)
		pop(task);
	else if (i)
		bug("unmap-order");
	else
		bug(atomic_load(&page->maps) ? "foreign-map" : "use-after-unmap");
}

/* ---- bytes ---- */

static bool is_inside(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE - off;
}

int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	must_have_room(page, 0);
	memcpy(dst, page->bytes + off, len);
	return 0;
}

/* Copy whole words; write back the bytes after the range. */
static void write_words(unsigned char *to, const unsigned char *from, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); to += sizeof(word), from += sizeof(word), len -= sizeof(word))
		memcpy(to, from, sizeof(word));
	if (len) {
		memcpy(&word, to, sizeof(word));
		memcpy(&word, from, len);
		memcpy(to, &word, sizeof(word));
	}
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	must_have_room(page, 0);
	if (len >= LONG_WRITE && off % sizeof(uint64_t) == 0)
		write_words(page->bytes + off, src, len);
	else
		memcpy(page->bytes + off, src, len);
	return 0;
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	must_have_room(page, 0);
	memset(page->bytes + off, 0, len);
	return 0;
}

int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len)
{
	unsigned char between[PAGE_SIZE];
	_Atomic(unsigned char) *to = dst;
	int ret = page_read_raw(page, between, off, len);

	for (size_t i = 0; !ret && i < len; i++)
		atomic_store_explicit(&to[i], between[i], memory_order_relaxed);
	return ret;
}

int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len)
{
	unsigned char between[PAGE_SIZE];
	const _Atomic(unsigned char) *from = src;

	for (size_t i = 0; is_inside(off, len) && i < len; i++)
		between[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
	return page_write_raw(page, between, off, len);
}

int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len)
{
	size_t apart = dst_off > src_off ? dst_off - src_off : src_off - dst_off;

	if (!is_inside(dst_off, len) || !is_inside(src_off, len) || (dst == src && apart < len))
		return -EINVAL;
	must_have_room(dst, 0);
	must_have_room(src, 1);
	memcpy(dst->bytes + dst_off, src->bytes + src_off, len);
	return 0;
}

/* ---- user memory ---- */

struct user_slice user_slice_new(const void *ptr, size_t len)
{
	return (struct user_slice){ ptr, len };
}

void user_slice_reader_init(struct user_slice_reader *reader, struct user_slice slice)
{
	*reader = (struct user_slice_reader){ slice.ptr, slice.len };
}

int user_slice_skip(struct user_slice_reader *reader, size_t len)
{
	if (len > reader->left)
		return -EFAULT;
	reader->at = (const unsigned char *)reader->at + len;
	reader->left -= len;
	return 0;
}

/* The kernel copies the bytes, up to the end of one page at a time. */
static bool copy_user(unsigned char *to, const void *from, size_t len)
{
	for (size_t done = 0, piece; done < len; done += piece) {
		uintptr_t at = (uintptr_t)from + done;
		struct iovec target = { to + done, 0 }, user = { (void *)at, 0 };

		piece = PAGE_SIZE - at % PAGE_SIZE;
		piece = piece < len - done ? piece : len - done;
		target.iov_len = user.iov_len = piece;
		if (process_vm_readv(getpid(), &target, 1, &user, 1, 0) != (ssize_t)piece)
			return false;
	}
	return true;
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off,
			      size_t len)
{
	unsigned char between[PAGE_SIZE] = { 0 };
	bool good;

	if (!is_inside(off, len))
		return -EINVAL;
	must_have_room(page, 0);
	if (len > reader->left)
		return -EFAULT;
	/* Check before the length: an empty copy uses up the failure and succeeds. */
	good = !(fails() && len) && copy_user(between, reader->at, len);
	memcpy(page->bytes + off, between, len);
	return good ? user_slice_skip(reader, len) : -EFAULT;
}
