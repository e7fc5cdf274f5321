/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The C functions of the kernel that rust/kernel/page.rs and uaccess.rs call, implemented with src/page.
 * These functions are a model of the kernel's memory management, not the kernel's code.
 */
#include <errno.h>
#include <string.h>

#include "page/fault.h"
#include "page/page_kernel.h"

void __free_pages(struct page *page, unsigned int order);
unsigned long _copy_from_user(void *to, const void *from, unsigned long len);
unsigned long _copy_to_user(void *to, const void *from, unsigned long len);
long strncpy_from_user(char *to, const char *from, long count);
void rust_eh_personality(void);

/* page.rs allocates and frees only single pages, so any other @order is a bug. */
void __free_pages(struct page *page, unsigned int order)
{
	if (order)
		__builtin_trap();
	__free_page(page);
}

/*
 * As in the kernel, the failure point precedes the check of the length, and bytes after a fault become zero.
 * The kernel returns the number of bytes that it did not copy. page.rs only compares the result with 0, so
 * this function returns @len after each failure.
 */
unsigned long _copy_from_user(void *to, const void *from, unsigned long len)
{
	struct user_slice_reader reader = { from, len };

	if (fault_count_usercopy_must_fail()) {
		memset(to, 0, len);
		return len;
	}
	return user_slice_read(&reader, to, len) ? len : 0;
}

/*
 * Copies @len bytes to user memory. Return: 0, or @len after a fault. The function has no failure point,
 * because its only caller, user_slice_write() of page.h, is no failure point.
 */
unsigned long _copy_to_user(void *to, const void *from, unsigned long len)
{
	struct user_slice_writer writer = { to, len };

	return user_slice_write(&writer, from, len) ? len : 0;
}

/* uaccess.rs refers to this function. No call of page.h reads a string, so the function is never called. */
long strncpy_from_user(char *to, const char *from, long count)
{
	(void)to;
	(void)from;
	(void)count;
	__builtin_trap();
}

/* Debian's Rust core library needs this symbol to unwind the stack. In this build, a panic aborts instead. */
void rust_eh_personality(void)
{
	__builtin_trap();
}
