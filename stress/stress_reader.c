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

#define PIECE      6151
#define USER_PAGES 3
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)

enum { NO_BUG, RANGE, MOVES };

static struct user {
	_Alignas(STRESS_CACHE_LINE) unsigned char *memory;
	uint64_t tag;
} users[STRESS_THREADS_MAX];

static void prepare_run(struct stress_thread *first)
{
	shared_file_create(first->run, PIECE, 1);
	for (unsigned int i = 0; i < first->run->thread_count; i++) {
		users[i].memory = mmap(NULL, USER_SIZE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		users[i].tag = tagged_next_tag(stress_get_thread(i));
		tagged_fill(users[i].memory, users[i].tag, 0, USER_SIZE);
	}
}

static void finish_pattern(struct stress_thread *first)
{
	shared_file_destroy(first);
	for (unsigned int i = 0; i < first->run->thread_count; i++)
		munmap(users[i].memory, USER_SIZE);
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

/*
 * @user: offset of the chunk in user memory
 * @readable: bytes of the chunk before the fault
 */
static void check_result(struct stress_thread *self, const struct chunk *chunk, size_t user,
			 size_t readable, int ret)
{
	memset(chunk->expected, 0, chunk->len);
	if (ret && was_injected(self, chunk)) {
		stress_count_refused_copy(self);
		return;
	}
	tagged_fill(chunk->expected, users[self->thread_index].tag, user, readable);
	stress_expect(self, "page_copy_from_user_slice", ret, readable < chunk->len ? -EFAULT : 0);
}

/* @fault: the first unreadable byte of user memory; USER_SIZE: there is none. */
static void copy_span(struct stress_thread *self, struct span span, size_t fault)
{
	size_t from = stress_random(self, USER_SIZE - span.len);
	struct user_slice_reader reader;
	struct chunk chunk = { 0 };
	int ret = 0;

	user_slice_reader_init(
		&reader, user_slice_new(users[self->thread_index].memory + from, USER_SIZE - from));
	while (!ret && shared_file_next_chunk(self, span, &chunk)) {
		bool too_long = self->run->bug_number == RANGE && chunk.off + chunk.len < PAGE_SIZE;
		size_t user = from + chunk.span_bytes_before, len = chunk.len + too_long,
		       left = reader.left;
		size_t readable = fault > user ? fault - user : 0;

		ret = page_copy_from_user_slice(chunk.page, &reader, chunk.off, len);
		check_result(self, &chunk, user, readable < chunk.len ? readable : chunk.len, ret);
		stress_expect(self, "bytes that the reader moved", (int)(left - reader.left),
			      ret ? 0 : (int)len);
		if (ret && self->run->bug_number == MOVES)
			ret = user_slice_skip(&reader, 1);
	}
}

static struct span pick_span(struct stress_thread *self)
{
	struct span span = shared_file_pick_part(self);

	return self->run->bug_number == RANGE ? shared_file_extend_to_piece_end(span) : span;
}

static void copy_readable(struct stress_thread *self)
{
	struct span span = pick_span(self);

	copy_span(self, span, USER_SIZE);
	shared_file_check(self, span);
}

static void protect_user(struct stress_thread *self, size_t from, int access)
{
	if (mprotect(users[self->thread_index].memory + from, USER_SIZE - from, access))
		stress_count_refused_alloc(self, "mprotect");
}

static void copy_with_fault(struct stress_thread *self)
{
	size_t fault = PAGE_SIZE * stress_random(self, USER_PAGES);
	struct span span = pick_span(self);

	protect_user(self, fault, PROT_NONE);
	copy_span(self, span, fault);
	protect_user(self, fault, PROT_READ | PROT_WRITE);
	shared_file_check(self, span);
}

const struct stress_pattern stress_reader = {
	.name = "reader",
	.summary = "read user memory into several shared pages, with faults in any chunk",
	.threads_min = 1,
	.operations = {
		{ "copy", 4, .run = copy_readable },
		{ "fault", 3, .run = copy_with_fault },
		{ "read", 1, .run = shared_file_read_part, .page_call = "read_raw" },
	},
	.bugs = {
		{ "range", .effect = "a copy is one byte too long, into bytes of another thread" },
		{ "moves", .effect = "a caller continues after a chunk that failed" },
	},
	.prepare = prepare_run,
	.finish = finish_pattern,
};
