/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * User memory is memory of this process that other threads may write and unmap at any moment.
 * The library reads and writes user memory with the system calls process_vm_readv(2) and process_vm_writev(2)
 * on its own process. So
 *
 *   1. an inaccessible page makes the system call return a smaller count, and raises no signal. A copy
 *      without a system call would need a handler for SIGSEGV;
 *   2. a sanitizer observes no access to user memory, even if another thread writes the same bytes at the
 *      same time (R9). The sanitizer's wrapper of the system call observes only the caller's memory;
 *   3. the kernel accesses each byte once, and copies the byte directly to the destination;
 *   4. all bytes before the first inaccessible page are copied: the system call can stop only between two
 *      pieces, and each piece is in one page.
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

/* A system call that copies between memory of the caller and user memory. */
struct copy_call {
	ssize_t (*run)(pid_t pid, const struct iovec *own, unsigned long own_count, const struct iovec *user,
		       unsigned long user_count, unsigned long flags);
	const char *name, *access; /* for a report */
};

static const struct copy_call read_call = { process_vm_readv, "process_vm_readv", "read" },
			      write_call = { process_vm_writev, "process_vm_writev", "written" };

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Splits [@from, @from + @len) at page ends into at most PIECES pieces. Return: the size of all pieces. */
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

/*
 * Copies up to @len bytes between memory of the caller at @own and user memory at @user_addr.
 * Return: the number of bytes before the first inaccessible byte.
 */
static size_t copy_user_memory_until_fault(const struct copy_call *call, void *own, const void *user_addr,
					   size_t len)
{
	uintptr_t user = SYNC_UNTAG((uintptr_t)user_addr);
	struct iovec pieces[PIECES];
	size_t done = 0;

	while (done < len) {
		unsigned int count;
		size_t round = split_into_pieces(user + done, len - done, pieces, &count);
		struct iovec own_part = { (char *)own + done, round };
		ssize_t copied = call->run(getpid(), &own_part, 1, pieces, count, 0);

		/* Only EFAULT is a fault. Another error means that the system forbids the call (seccomp). */
		if (copied < 0 && errno != EFAULT)
			page_bug("system", "%s() of this process: %s; user memory cannot be %s", call->name,
				 strerror(errno), call->access);
		if (copied > 0)
			done += (size_t)copied;
		if (copied < (ssize_t)round)
			break;
	}
	return done;
}

/* Copies @len bytes from @reader to @to; bytes after a fault become zero. Return: true without a fault. */
static bool copy_and_zero_rest(unsigned char *to, const struct user_slice_reader *reader, size_t len)
{
	size_t done = copy_user_memory_until_fault(&read_call, to, reader->at, len);

	if (done < len)
		memset(to + done, 0, len - done);
	return done == len;
}

static void advance_reader(struct user_slice_reader *reader, size_t len)
{
	/* Adds to an integer, because an empty slice may be at NULL, and C forbids NULL + 0. */
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

void user_slice_writer_init(struct user_slice_writer *writer, struct user_slice slice)
{
	*writer = (struct user_slice_writer){ (void *)(uintptr_t)slice.ptr, slice.len };
}

size_t user_slice_writer_left(const struct user_slice_writer *writer)
{
	return writer->left;
}

int user_slice_write(struct user_slice_writer *writer, const void *src, size_t len)
{
	size_t done;

	if (len > writer->left)
		return -EFAULT;
	done = copy_user_memory_until_fault(&write_call, (void *)(uintptr_t)src, writer->at, len);
	sync_copy_initialised_state(writer->at, src, done);
	if (done < len)
		return -EFAULT;
	/* Adds to an integer, because an empty slice may be at NULL, as in advance_reader(). */
	writer->at = (void *)((uintptr_t)writer->at + len);
	writer->left -= len;
	return 0;
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off, size_t len)
{
	unsigned char *to;

	if (!range_is_valid(off, len))
		return -EINVAL;
	page_mappable_or_bug(page, 0, "page_copy_from_user_slice");
	if (len > reader->left)
		return -EFAULT;
	to = (unsigned char *)arena_address(page) + off;
	/* The failure point precedes the check of @len: a copy of 0 bytes uses up a failure, but succeeds. */
	if (fault_count_usercopy_must_fail()) {
		memset(to, 0, len);
		return len ? -EFAULT : 0;
	}
	if (!copy_and_zero_rest(to, reader, len))
		return -EFAULT;
	advance_reader(reader, len);
	return 0;
}
