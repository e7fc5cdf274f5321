/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of a page program, made of the kernel's own functions. Each function does what the function of
 * the same name of rust/kernel/page.rs does, or the function of page.h. All may run in any thread of the
 * kernel; only page_call_copy_from_user() may sleep.
 */
#ifndef PAGE_CALLS_H
#define PAGE_CALLS_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "device.h"

enum kernel_bug {
	KERNEL_BUG_none,
#define KERNEL_BUG(id, description) KERNEL_BUG_##id,
	KERNEL_BUGS
#undef KERNEL_BUG
};

/* The bug that the module's parameter `bug` inserts. */
extern enum kernel_bug page_calls_bug;

/* Return: address of the mapping, which only the calling thread may use. */
void *page_call_map(struct page *page);
void page_call_unmap(const void *addr);

/*
 * Makes the CPU read the entry of a live mapping of the calling thread again. The thread must call this
 * function before it uses the mapping, if other threads may have run since the thread mapped the page.
 */
void page_call_flush(const void *addr);

void page_call_get(struct page *page);

/*
 * Reports to KCSAN that all bytes of the page are written, if the caller has the last reference. The kernel's
 * own free is not instrumented.
 */
void page_call_check_free(struct page *page);

/* Return: 0; -EINVAL: the range is outside of the page. */
int page_call_read_raw(struct page *page, void *target, size_t offset, size_t length);
int page_call_write_raw(struct page *page, const void *source, size_t offset, size_t length);
int page_call_fill_zero(struct page *page, size_t offset, size_t length);
int page_call_read_bytewise(struct page *page, u8 *target, size_t offset, size_t length);
int page_call_write_bytewise(struct page *page, const u8 *source, size_t offset, size_t length);

/* Return: 0; -EINVAL: a range is outside of its page, or the ranges of one page overlap. */
int page_call_copy(struct page *target, size_t target_offset, struct page *source, size_t source_offset,
		   size_t length);

/*
 * Copies from user memory of the calling thread's address space.
 * @left: number of bytes of the user slice from @user on
 * Return: 0; -EINVAL: the range is outside of the page; -EFAULT: length > left, or a fault
 */
int page_call_copy_from_user(struct page *page, const void __user *user, size_t left, size_t offset,
			     size_t length);

/* Accesses through a mapping. @size: 1, 2, 4 or 8; the address is a multiple of @size. */
void page_call_load(void *target, const void *addr, size_t length);
void page_call_store(void *addr, const void *source, size_t length);
u64 page_call_load_atomic(const void *addr, size_t size);
void page_call_store_atomic(void *addr, u64 value, size_t size);

#endif
