/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A second page library for the harness (test_seam.sh), as simple as page.h allows: each page is one
 * aligned_alloc(), every mapping is at the page's own address, and the library informs no sanitizer.
 *
 * test_seam.sh lists the broken rules that this library does not detect. This library also has no buffers, no
 * fault attributes, no page_canonical() and no choice of backends.
 */
#include <stdatomic.h>

#include "page/page.h"

struct page {
	atomic_uint refs;
	_Alignas(PAGE_SIZE) unsigned char bytes[PAGE_SIZE];
};

#include "examples/tutorial/page_calls.c"

/* Does nothing; page_calls.c needs the function, but this library does not know which pages were freed. */
static void abort_unless_live(const struct page *page)
{
	(void)page;
}

static void copy_bytes_to_page(unsigned char *to, const unsigned char *from, size_t len)
{
	memcpy(to, from, len);
}

/* ---- tasks ---- */

struct page_task *page_task_current(void)
{
	return current_task();
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

/* ---- lifetime ---- */

static bool is_valid_gfp(gfp_t gfp)
{
	gfp_t context = gfp & (GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_NOIO);

	return context && !(context & (context - 1)) && gfp <= 0xff;
}

struct page *page_alloc(gfp_t gfp)
{
	struct page *page = NULL;

	errno = EINVAL;
	if (!is_valid_gfp(gfp))
		return NULL;
	if (gfp & __GFP_NOFAIL || !must_fail_this_call())
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

void *page_map_local(struct page *page)
{
	abort_unless_mappable(page, 0);
	current_task()->maps[current_task()->depth++] = page;
	return page->bytes;
}

/* Does nothing if the task has no mapping. */
void page_unmap_local(const void *addr)
{
	struct page_task *task = current_task();

	if (!task->depth)
		return;
	if ((uintptr_t)addr - (uintptr_t)task->maps[task->depth - 1]->bytes >= PAGE_SIZE)
		abort_with_rule("unmap-order");
	task->depth--;
}

int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx)
{
	return page_with_pointer(page, 0, PAGE_SIZE, fn, ctx);
}

int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx)
{
	int ret;

	if (!is_range_in_page(off, len))
		return -EINVAL;
	page_map_local(page);
	ret = fn(page->bytes + off, ctx);
	page_unmap_local(page->bytes);
	return ret;
}

/* ---- user memory ---- */

size_t user_slice_left(const struct user_slice_reader *reader)
{
	return reader->left;
}

int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len)
{
	if (len > reader->left)
		return -EFAULT;
	memset(dst, 0, len);
	return copy_from_user_memory(dst, reader->at, len) ? user_slice_skip(reader, len) : -EFAULT;
}
