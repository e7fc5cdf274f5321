/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A second page library for the harness (test_seam.sh), as simple as page.h allows: each page is
 * one malloc(), every mapping is at the page's own address, and no sanitizer is informed.
 *
 * test_seam.sh lists what it does not detect. It has no buffers, no fault attributes, no
 * page_canonical() and no choice of backends.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "page/page.h"

struct page {
	atomic_uint refs;
	_Alignas(PAGE_SIZE) unsigned char bytes[PAGE_SIZE];
};

struct page_task {
	char name[PAGE_TASK_NAME];
	unsigned int fail_nth, depth;
	const unsigned char *maps[PAGE_TASK_MAPPINGS];
};

static _Thread_local struct page_task own = { .name = "a thread" };
static _Thread_local struct page_task *running;

static _Noreturn void bug(const char *rule)
{
	fprintf(stderr, "BUG: page: %s: task %s\n", rule, page_task_name(page_task_current()));
	abort();
}

/* ---- tasks ---- */

struct page_task *page_task_current(void)
{
	return running ? running : &own;
}

struct page_task *page_task_new(const char *name)
{
	struct page_task *task = calloc(1, sizeof(*task));

	if (task)
		snprintf(task->name, sizeof(task->name), "%s", name);
	return task;
}

unsigned int page_task_delete(struct page_task *task)
{
	unsigned int depth = task ? task->depth : 0;

	free(task);
	return depth;
}

const char *page_task_name(const struct page_task *task)
{
	return task->name;
}

unsigned int page_task_depth(const struct page_task *task)
{
	return task->depth;
}

void page_task_switch_out(struct page_task *task)
{
	(void)task;
	running = NULL;
}

void page_task_switch_in(struct page_task *task)
{
	running = task;
}

/* ---- failures ---- */

unsigned int page_fail_nth(unsigned int n)
{
	struct page_task *task = page_task_current();
	unsigned int left = task->fail_nth;

	task->fail_nth = n;
	return left;
}

static bool fails(void)
{
	struct page_task *task = page_task_current();

	return task->fail_nth && !--task->fail_nth;
}

/* ---- lifetime ---- */

static bool is_valid(gfp_t gfp)
{
	gfp_t context = gfp & (GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_NOIO);

	return context && !(context & (context - 1)) && gfp <= 0xff;
}

struct page *page_alloc(gfp_t gfp)
{
	struct page *page = NULL;

	errno = EINVAL;
	if (!is_valid(gfp))
		return NULL;
	if (gfp & __GFP_NOFAIL || !fails())
		page = aligned_alloc(PAGE_SIZE, sizeof(*page));
	errno = ENOMEM;
	if (!page)
		return NULL;
	atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
	if (gfp & __GFP_ZERO)
		memset(page->bytes, 0, PAGE_SIZE);
	return page;
}

void page_get(struct page *page)
{
	atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
}

void page_free(struct page *page)
{
	if (page && atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel) == 1)
		free(page);
}

unsigned int page_ref_count(const struct page *page)
{
	return atomic_load_explicit(&page->refs, memory_order_relaxed);
}

int page_nid(const struct page *page)
{
	(void)page;
	return 0;
}

bool page_align(size_t addr, size_t *aligned)
{
	if (addr > SIZE_MAX - PAGE_SIZE + 1)
		return false;
	*aligned = (addr + PAGE_SIZE - 1) & PAGE_MASK;
	return true;
}

/* ---- mapping ---- */

/* Is there space for one more mapping than @more? */
static struct page_task *task_with_room(unsigned int more)
{
	struct page_task *task = page_task_current();

	if (task->depth + more >= PAGE_TASK_MAPPINGS)
		bug("map-overflow");
	return task;
}

void *page_map_local(struct page *page)
{
	struct page_task *task = task_with_room(0);

	task->maps[task->depth++] = page->bytes;
	return page->bytes;
}

/* Without a mapping there is nothing to end. */
void page_unmap_local(const void *addr)
{
	struct page_task *task = page_task_current();

	if (!task->depth)
		return;
	if ((uintptr_t)addr - (uintptr_t)task->maps[task->depth - 1] >= PAGE_SIZE)
		bug("unmap-order");
	task->depth--;
}

int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx)
{
	void *addr = page_map_local(page);
	int ret = fn(addr, ctx);

	page_unmap_local(addr);
	return ret;
}

/* ---- raw calls ---- */

static bool is_inside(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE - off;
}

int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx)
{
	int ret;

	if (!is_inside(off, len))
		return -EINVAL;
	page_map_local(page);
	ret = fn(page->bytes + off, ctx);
	page_unmap_local(page->bytes);
	return ret;
}

int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	task_with_room(0);
	memcpy(dst, page->bytes + off, len);
	return 0;
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	task_with_room(0);
	memcpy(page->bytes + off, src, len);
	return 0;
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	if (!is_inside(off, len))
		return -EINVAL;
	task_with_room(0);
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

	if (!is_inside(off, len))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		between[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
	return page_write_raw(page, between, off, len);
}

int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len)
{
	size_t apart = dst_off > src_off ? dst_off - src_off : src_off - dst_off;

	if (!is_inside(dst_off, len) || !is_inside(src_off, len) || (dst == src && apart < len))
		return -EINVAL;
	task_with_room(1);
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

size_t user_slice_left(const struct user_slice_reader *reader)
{
	return reader->left;
}

int user_slice_skip(struct user_slice_reader *reader, size_t len)
{
	if (len > reader->left)
		return -EFAULT;
	reader->at = (const unsigned char *)reader->at + len;
	reader->left -= len;
	return 0;
}

/* The kernel reads, to the end of one page at a time; bytes that it cannot read stay unchanged. */
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

int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len)
{
	if (len > reader->left)
		return -EFAULT;
	memset(dst, 0, len);
	return copy_user(dst, reader->at, len) ? user_slice_skip(reader, len) : -EFAULT;
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off,
			      size_t len)
{
	unsigned char between[PAGE_SIZE] = { 0 };
	bool good;

	if (!is_inside(off, len))
		return -EINVAL;
	task_with_room(0);
	if (len > reader->left)
		return -EFAULT;
	/*
	 * The failure point comes before the length: an empty copy uses up the failure and
	 * succeeds.
	 */
	good = !(fails() && len) && copy_user(between, reader->at, len);
	memcpy(page->bytes + off, between, len);
	return good ? user_slice_skip(reader, len) : -EFAULT;
}
