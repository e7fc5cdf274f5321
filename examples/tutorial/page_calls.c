/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of page.h that need only the bytes of a page. A library defines struct page with a member
 * `unsigned char bytes[PAGE_SIZE]`, and then includes this file. The library must also define page_alloc(),
 * page_free() and the other calls of lifetime and mapping, and the static functions that this file declares.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The library can define HIDDEN as an attribute that hides `running` from ThreadSanitizer. */
#ifndef HIDDEN
#define HIDDEN
#endif

struct page_task {
	char name[PAGE_TASK_NAME];
	unsigned int fail_nth; /* the n-th next call that can fail must fail; 0: no call must fail */
	unsigned int depth;    /* number of mappings */
	struct page *maps[PAGE_TASK_MAPPINGS];
};

/* Ends the process if the library detects that @page is freed. */
static void abort_unless_live(const struct page *page);

/* Copies @len bytes from @from to @to, which is an address in a page. */
static void copy_bytes_to_page(unsigned char *to, const unsigned char *from, size_t len);

static _Noreturn void abort_with_rule(const char *rule)
{
	fprintf(stderr, "BUG: page: %s\n", rule);
	abort();
}

/* ---- tasks ---- */

static _Thread_local struct page_task own = { .name = "a thread" };
static _Thread_local struct page_task *running;

HIDDEN static struct page_task *current_task(void)
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

HIDDEN void page_task_switch_out(struct page_task *task)
{
	(void)task;
	running = NULL;
}

HIDDEN void page_task_switch_in(struct page_task *task)
{
	running = task;
}

/* ---- failures ---- */

unsigned int page_fail_nth(unsigned int n)
{
	unsigned int left = current_task()->fail_nth;

	current_task()->fail_nth = n;
	return left;
}

static bool must_fail_this_call(void)
{
	return current_task()->fail_nth && !--current_task()->fail_nth;
}

/* ---- bytes ---- */

/*
 * Ends the process if @page is freed. The call also ends the process if the mappings of the current task,
 * @mappings_counted_already and one more are more than PAGE_TASK_MAPPINGS.
 */
static void abort_unless_mappable(const struct page *page, unsigned int mappings_counted_already)
{
	abort_unless_live(page);
	if (current_task()->depth + mappings_counted_already >= PAGE_TASK_MAPPINGS)
		abort_with_rule("map-overflow");
}

static bool is_range_in_page(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE - off;
}

int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	if (!is_range_in_page(off, len))
		return -EINVAL;
	abort_unless_mappable(page, 0);
	memcpy(dst, page->bytes + off, len);
	return 0;
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	if (!is_range_in_page(off, len))
		return -EINVAL;
	abort_unless_mappable(page, 0);
	copy_bytes_to_page(page->bytes + off, src, len);
	return 0;
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	if (!is_range_in_page(off, len))
		return -EINVAL;
	abort_unless_mappable(page, 0);
	memset(page->bytes + off, 0, len);
	return 0;
}

/* The stores to @dst are atomic, the read of the page is plain. */
int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len)
{
	unsigned char intermediate_bytes[PAGE_SIZE]; /* plain reads from the page, atomic stores to @dst */
	_Atomic(unsigned char) *to = dst;
	int ret = page_read_raw(page, intermediate_bytes, off, len);

	for (size_t i = 0; !ret && i < len; i++)
		atomic_store_explicit(&to[i], intermediate_bytes[i], memory_order_relaxed);
	return ret;
}

/* The loads from @src are atomic, the write to the page is plain. */
int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len)
{
	unsigned char intermediate_bytes[PAGE_SIZE]; /* atomic loads from @src, plain writes to the page */
	const _Atomic(unsigned char) *from = src;

	for (size_t i = 0; is_range_in_page(off, len) && i < len; i++)
		intermediate_bytes[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
	return page_write_raw(page, intermediate_bytes, off, len);
}

int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len)
{
	size_t apart = dst_off > src_off ? dst_off - src_off : src_off - dst_off;

	if (!is_range_in_page(dst_off, len) || !is_range_in_page(src_off, len) || (dst == src && apart < len))
		return -EINVAL;
	abort_unless_mappable(dst, 0);
	abort_unless_mappable(src, 1);
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

/* One system call copies the bytes of one page of user memory. Return: false if a byte is not readable. */
static bool copy_from_user_memory(unsigned char *to, const void *from, size_t len)
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

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off, size_t len)
{
	unsigned char intermediate_bytes[PAGE_SIZE] = { 0 };
	bool is_copied;

	if (!is_range_in_page(off, len))
		return -EINVAL;
	abort_unless_mappable(page, 0);
	if (len > reader->left)
		return -EFAULT;
	/*
	 * must_fail_this_call() precedes the check of @len, so a copy of 0 bytes uses up an injected failure,
	 * but succeeds.
	 */
	is_copied =
		!(must_fail_this_call() && len) && copy_from_user_memory(intermediate_bytes, reader->at, len);
	memcpy(page->bytes + off, intermediate_bytes, len);
	return is_copied ? user_slice_skip(reader, len) : -EFAULT;
}
