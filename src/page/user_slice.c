/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * User memory is real memory of this process that anybody may write and unmap at any
 * moment. The kernel copies it for us, with process_vm_readv(2) on ourselves, so
 *
 *   1. an unreadable page is a short count, not a signal: nothing to handle, and
 *      nothing that a host program's own handler would meet;
 *   2. no sanitizer sees a read of it, whichever thread writes meanwhile (R9); it sees the write
 *      of the destination, which its runtime learns from its wrapper of the call;
 *   3. each byte is read once, and goes straight to where it is to be;
 *   4. the bytes before the first unreadable page are all there: the call may stop only
 *      between two pieces, and each piece lies within one page.
 *
 * A copy without a system call would need a handler for SIGSEGV.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "page/fault.h"
#include "page/live.h"
#include "page/range.h"
#include "page/report.h"

#define PIECES 16

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Cuts at page ends as much of [@from, @from + @len) as fits. Return: bytes in @pieces. */
static size_t cut(uintptr_t from, size_t len, struct iovec pieces[PIECES], unsigned int *count)
{
	size_t done = 0;

	for (*count = 0; *count < PIECES && done < len; ++*count) {
		uintptr_t at = from + done;
		size_t piece = smaller(len - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));

		pieces[*count] = (struct iovec){ (void *)at, piece };
		done += piece;
	}
	return done;
}

/* Return: how many bytes came before the first that cannot be read, at most @len. */
static size_t user_copy(void *to, const void *from, size_t len)
{
	uintptr_t user = SYNC_UNTAG((uintptr_t)from);
	struct iovec pieces[PIECES];
	size_t done = 0;

	while (done < len) {
		unsigned int count;
		size_t round = cut(user + done, len - done, pieces, &count);
		struct iovec target = { (char *)to + done, round };
		ssize_t copied = process_vm_readv(getpid(), &target, 1, pieces, count, 0);

		/* A system that refuses the call says nothing of the memory. */
		if (copied < 0 && errno != EFAULT)
			page_bug("system", "process_vm_readv() of this process: %s; user memory cannot be read",
				 strerror(errno));
		if (copied > 0)
			done += (size_t)copied;
		if (copied < (ssize_t)round)
			break;
	}
	return done;
}

/* Copies; what cannot be read becomes zeros. Return: could all be read? */
static bool copy_or_zero(unsigned char *to, const struct user_slice_reader *reader, size_t len)
{
	size_t done = user_copy(to, reader->at, len);

	if (done < len)
		memset(to + done, 0, len - done);
	return done == len;
}

static void move_on(struct user_slice_reader *reader, size_t len)
{
	/* As a number: an empty slice may be at NULL, where C allows no pointer arithmetic. */
	reader->at = (const void *)((uintptr_t)reader->at + len);
	reader->left -= len;
}

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
	move_on(reader, len);
	return 0;
}

int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len)
{
	if (len > reader->left || !copy_or_zero(dst, reader, len))
		return -EFAULT;
	move_on(reader, len);
	return 0;
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off,
			      size_t len)
{
	unsigned char *to;

	if (!range_good(off, len))
		return -EINVAL;
	page_mappable_or_bug(page, 0, "page_copy_from_user_slice");
	if (len > reader->left)
		return -EFAULT;
	to = (unsigned char *)arena_address(page) + off;
	/* Before the check of the length: an empty copy uses the failure up and succeeds. */
	if (fault_usercopy()) {
		memset(to, 0, len);
		return len ? -EFAULT : 0;
	}
	if (!copy_or_zero(to, reader, len))
		return -EFAULT;
	move_on(reader, len);
	return 0;
}
