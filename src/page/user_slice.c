/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * User memory is memory of this process that other threads may write and unmap at any moment.
 * The library copies it with process_vm_readv(2) on its own process. So
 *
 *   1. an unreadable page makes the call return a smaller count, and raises no signal that the
 *      host program would have to handle;
 *   2. a sanitizer observes no read of user memory, even if another thread writes it at the same
 *      time (R9); the wrapper of the call reports the write of the destination;
 *   3. the kernel reads each byte once, and copies it directly to the destination;
 *   4. all bytes before the first unreadable page are copied: the call can stop only between two
 *      pieces, and each piece is in one page.
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

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Splits [@from, @from + @len) at page ends into at most PIECES pieces. Return: their bytes. */
static size_t split_into_pieces(uintptr_t from, size_t len, struct iovec pieces[PIECES], unsigned int *count)
{
	size_t done = 0;

	for (*count = 0; *count < PIECES && done < len; ++*count) {
		uintptr_t at = from + done;
		size_t piece = min_size(len - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));

		pieces[*count] = (struct iovec){ (void *)at, piece };
		done += piece;
	}
	return done;
}

/* Copies up to @len bytes. Return: the number of bytes before the first unreadable one. */
static size_t copy_user_memory(void *to, const void *from, size_t len)
{
	uintptr_t user = SYNC_UNTAG((uintptr_t)from);
	struct iovec pieces[PIECES];
	size_t done = 0;

	while (done < len) {
		unsigned int count;
		size_t round = split_into_pieces(user + done, len - done, pieces, &count);
		struct iovec target = { (char *)to + done, round };
		ssize_t copied = process_vm_readv(getpid(), &target, 1, pieces, count, 0);

		/* Not a fault: the system refuses the call itself, for example by seccomp. */
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

/* Copies @len bytes; bytes after a fault become zero. Return: true if there was no fault. */
static bool copy_and_zero_rest(unsigned char *to, const struct user_slice_reader *reader,
			       size_t len)
{
	size_t done = copy_user_memory(to, reader->at, len);

	if (done < len)
		memset(to + done, 0, len - done);
	return done == len;
}

static void advance_reader(struct user_slice_reader *reader, size_t len)
{
	/* As a number, because an empty slice may be at NULL, and C forbids NULL + 0. */
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
	advance_reader(reader, len);
	return 0;
}

int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len)
{
	if (len > reader->left || !copy_and_zero_rest(dst, reader, len))
		return -EFAULT;
	advance_reader(reader, len);
	return 0;
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off,
			      size_t len)
{
	unsigned char *to;

	if (!range_is_valid(off, len))
		return -EINVAL;
	page_mappable_or_bug(page, 0, "page_copy_from_user_slice");
	if (len > reader->left)
		return -EFAULT;
	to = (unsigned char *)arena_address(page) + off;
	/* This precedes the check of the length: an empty copy uses up the failure and succeeds. */
	if (fault_usercopy_must_fail()) {
		memset(to, 0, len);
		return len ? -EFAULT : 0;
	}
	if (!copy_and_zero_rest(to, reader, len))
		return -EFAULT;
	advance_reader(reader, len);
	return 0;
}
