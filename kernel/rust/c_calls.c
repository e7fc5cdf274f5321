/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The C functions of the kernel that rust/kernel/page.rs and uaccess.rs call, on top of src/page.
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

/* page.rs allocates and frees single pages. */
void __free_pages(struct page *page, unsigned int order)
{
	if (order)
		__builtin_trap();
	__free_page(page);
}

/*
 * As in the kernel: the failure point precedes the check of the length, bytes after a fault become
 * zero, and the result is the number of bytes that were not copied. page.rs only compares it with 0,
 * so all bytes count as not copied. user_slice_read() of src/page does the copy.
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
 * Like _copy_from_user(), in the other direction, but no failure point, because the only caller is
 * user_slice_write() of page.h.
 */
unsigned long _copy_to_user(void *to, const void *from, unsigned long len)
{
	struct user_slice_writer writer = { to, len };

	return user_slice_write(&writer, from, len) ? len : 0;
}

/* page.h has no call that reads a string, so a call here is an error of this build. */
long strncpy_from_user(char *to, const char *from, long count)
{
	(void)to;
	(void)from;
	(void)count;
	__builtin_trap();
}

/* libcore of Debian needs this symbol to unwind the stack; a panic here aborts instead. */
void rust_eh_personality(void)
{
	__builtin_trap();
}
