/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One user reader over several pages with a fault in chunk k: earlier pages are complete, page k
 * has a prefix and zeros, and the reader's position is the start of chunk k (use pattern 2, R9).
 * The pages are shared with neighbours; each thread has its own user memory, any page of which may
 * be unreadable. The interleavings to find:
 *
 *   1. The zeroing after a fault goes too far:
 *        A: copy into [0, 2048), fault after 100 bytes
 *                                               B: write [2048, 4096)
 *        A: zero [100, 2049): B's byte is gone
 *   2. A fault is attributed to another thread, or the reader moves: the next chunk is not the one
 *      that failed.
 *   3. Another thread's mprotect() of other memory makes this copy short.
 *
 * Hundreds of operations are enough for 1. and 2.; 3. needs minutes and many threads.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "stress/shared_file.h"
#include "stress/tagged.h"

#define PIECE	   6151
#define USER_PAGES 3
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)

enum { HEALTHY, RANGE, MOVES, BUSTED };

static const struct stress_busted busted[] = {
	[HEALTHY] = { NULL, NULL, false },
	[RANGE] = { "range", "a copy goes one byte into the neighbour's", false },
	[MOVES] = { "moves", "a caller continues after the failed part", false },
	[BUSTED] = { NULL, NULL, false },
};

struct user {
	_Alignas(STRESS_CACHE_LINE) unsigned char *memory;
	uint64_t tag;
};

static struct user users[STRESS_THREADS_MAX];

static void start(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 1);
	for (unsigned int i = 0; i < first->run->threads; i++) {
		users[i].memory = mmap(NULL, USER_SIZE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		users[i].tag = tagged_make_tag(i, 0);
		tagged_fill(users[i].memory, users[i].tag, 0, USER_SIZE);
	}
}

static void finish(struct stress_thread *first)
{
	shared_file_destroy(first);
	for (unsigned int i = 0; i < first->run->threads; i++)
		munmap(users[i].memory, USER_SIZE);
}

/* One copy of a span from user memory. */
struct copy {
	struct user_slice_reader reader;
	size_t from;	 /* offset in user memory of the span's first byte */
	size_t readable; /* bytes of the span before the fault */
};

static size_t bytes_readable(const struct copy *copy, const struct chunk *chunk)
{
	if (copy->readable <= chunk->done)
		return 0;
	return copy->readable - chunk->done < chunk->len ? copy->readable - chunk->done :
							   chunk->len;
}

/* An injected failure zeroes the whole range; a fault zeroes the bytes that could not be read. */
static bool was_injected(struct stress_thread *self, const struct chunk *chunk)
{
	unsigned char bytes[PAGE_SIZE];

	if (!stress_copy_may_fail(self))
		return false;
	page_read_raw(chunk->page, bytes, chunk->off, chunk->len);
	for (size_t i = 0; i < chunk->len; i++)
		if (bytes[i])
			return false;
	return true;
}

static void expect(struct stress_thread *self, const struct copy *copy, const struct chunk *chunk,
		   int ret)
{
	size_t good = bytes_readable(copy, chunk);

	memset(chunk->expected, 0, chunk->len);
	if (ret && was_injected(self, chunk)) {
		stress_count_refused(self, "page_copy_from_user_slice", true);
		return;
	}
	tagged_fill(chunk->expected, users[self->index].tag, copy->from + chunk->done, good);
	stress_expect(self, "page_copy_from_user_slice", ret, good < chunk->len ? -EFAULT : 0);
}

static int copy_chunk(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	struct copy *copy = ctx;
	size_t left = copy->reader.left;
	size_t len = chunk->len;
	int ret;

	if (self->run->busted == RANGE && chunk->off + len < PAGE_SIZE)
		len++;
	ret = page_copy_from_user_slice(chunk->page, &copy->reader, chunk->off, len);
	expect(self, copy, chunk, ret);
	stress_expect(self, "bytes that the reader moved",
		      (int)(left - copy->reader.left), ret ? 0 : (int)len);
	if (ret && self->run->busted == MOVES)
		return user_slice_skip(&copy->reader, 1);
	return ret;
}

static void protect(struct stress_thread *self, size_t from, int access)
{
	if (from < USER_SIZE && mprotect(users[self->index].memory + from, USER_SIZE - from, access))
		stress_count_refused(self, "mprotect", self->run->pressure.memory);
}

/* @fault: the first unreadable byte of user memory; USER_SIZE: there is none */
static void copy_span(struct stress_thread *self, struct span span, size_t fault)
{
	struct copy copy = { .from = stress_thread_random(self, USER_SIZE - span.len) };

	copy.readable = fault > copy.from ? fault - copy.from : 0;
	if (copy.readable > span.len)
		copy.readable = span.len;
	user_slice_reader_init(&copy.reader,
			       user_slice_new(users[self->index].memory + copy.from,
					      USER_SIZE - copy.from));
	shared_file_for_each_chunk(self, span, copy_chunk, &copy);
}

static struct span pick(struct stress_thread *self)
{
	struct span span = shared_file_pick_part(self, PIECE);

	if (self->run->busted == RANGE)
		span.len = shared_file_extend_span(span).len - 1;
	return span;
}

static void copy_all(struct stress_thread *self)
{
	struct span span = pick(self);

	copy_span(self, span, USER_SIZE);
	shared_file_check(self, span);
}

static void copy_faulting(struct stress_thread *self)
{
	size_t fault = PAGE_SIZE * stress_thread_random(self, USER_PAGES);
	struct span span = pick(self);

	protect(self, fault, PROT_NONE);
	copy_span(self, span, fault);
	protect(self, fault, PROT_READ | PROT_WRITE);
	shared_file_check(self, span);
}

static void read_some(struct stress_thread *self)
{
	shared_file_check(self, shared_file_pick_piece(self));
}

static const struct stress_kind kinds[] = {
	{ "copy", 4, copy_all, NULL },
	{ "fault", 3, copy_faulting, NULL },
	{ "read", 1, read_some, "read_raw" },
	{ NULL, 0, NULL, NULL },
};

static const struct stress_pattern pattern = {
	.name = "stress_reader",
	.about = "User readers over several shared pages, with faults in any chunk.",
	.threads_min = 1,
	.kinds = kinds,
	.busted = busted,
	.start = start,
	.finish = finish,
	.state = shared_file_print_state,
};

int main(int argc, char **argv)
{
	return stress_main(&pattern, argc, argv);
}
