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

#include "stress/owned.h"
#include "stress/tagged.h"

#define USER_PAGES 3
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)

/* User memory of each thread. */
static _Alignas(PAGE_SIZE) unsigned char user_memory[STRESS_THREADS_MAX][USER_SIZE];
static uint64_t user_tags[STRESS_THREADS_MAX];

static void fill_user_memory(struct stress_thread *self)
{
	user_tags[self->thread_index] = tagged_next_tag(self);
	tagged_fill_bytes(user_memory[self->thread_index], user_tags[self->thread_index], 0,
			  USER_SIZE);
}

/*
 * @user_off: offset of the chunk in user memory
 * @readable: bytes of the chunk before the fault
 */
static void check_result(struct stress_thread *self, const struct chunk *chunk, size_t user_off,
			 size_t readable, int error)
{
	memset(chunk->expected_bytes, 0, chunk->len);
	/* A refused copy zeroes the whole range; a fault zeroes what could not be read. */
	if (error && stress_count_zeros(self, chunk->page, chunk->off, chunk->len) == chunk->len &&
	    stress_count_if_refused_copy(self, error))
		return;
	tagged_fill_bytes(chunk->expected_bytes, user_tags[self->thread_index], user_off, readable);
	stress_expect(self, "page_copy_from_user_slice", error,
		      readable < chunk->len ? -EFAULT : 0);
}

/* Changes the access to the bytes from @from on; nothing if @from is USER_SIZE. */
static void protect_user_memory(struct stress_thread *self, size_t from, int access)
{
	if (mprotect(user_memory[self->thread_index] + from, USER_SIZE - from, access))
		stress_count_refused_alloc(self, "mprotect");
}

/* @fault: the first unreadable byte of user memory; USER_SIZE: there is none. */
static void copy_span(struct stress_thread *self, struct span span, size_t fault)
{
	size_t from = stress_pick_number(self, USER_SIZE - span.len);
	struct user_slice_reader reader;
	struct chunk chunk = { 0 };
	int error = 0;

	protect_user_memory(self, fault, PROT_NONE);
	user_slice_reader_init(
		&reader, user_slice_new(user_memory[self->thread_index] + from, USER_SIZE - from));
	while (!error && owned_next_chunk(self, span, &chunk)) {
		size_t user_off = from + chunk.span_bytes_before,
		       len = owned_choose_write_length(&chunk);
		size_t readable = fault > user_off ? fault - user_off : 0, left = reader.left;

		error = page_copy_from_user_slice(chunk.page, &reader, chunk.off, len);
		check_result(self, &chunk, user_off, readable < chunk.len ? readable : chunk.len,
			     error);
		stress_expect(self, "bytes that the reader moved", (int)(left - reader.left),
			      error ? 0 : (int)len);
		if (error && stress_has_bug("moves"))
			error = user_slice_skip(&reader, 1);
	}
	protect_user_memory(self, fault, PROT_READ | PROT_WRITE);
	owned_check_span(self, span);
}

static void copy_readable(struct stress_thread *self, struct span span)
{
	copy_span(self, span, USER_SIZE);
}

static void copy_with_fault(struct stress_thread *self, struct span span)
{
	copy_span(self, span, PAGE_SIZE * stress_pick_number(self, USER_PAGES));
}

const struct stress_scenario stress_reader = {
	.layout = { .piece_size = 6151, .pieces_per_thread = 1, .copies = 1 },
	.operations = {
		{ "copy", 4, .pick = owned_pick_piece_part, .access = copy_readable },
		{ "fault", 3, .pick = owned_pick_piece_part, .access = copy_with_fault },
		{ "read", 1, .pick = owned_pick_piece_part, .access = owned_check_span,
		  .page_call = "read_raw" },
	},
	.prepare_thread = fill_user_memory,
};
