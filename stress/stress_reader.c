/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A user reader copies user memory into several pages, in chunks, with a fault in chunk k. Then the chunks
 * before k are copied, chunk k has a copied prefix and zeros, and the reader is at the start of chunk k (R9).
 * Threads share the pages; each thread has its own user memory, any page of which may be unreadable. The
 * bytes of the user memory change before each copy, so that bytes of an earlier copy are wrong.
 *
 * The errors to find (A and B are threads):
 *
 *   Error 1: The zeroing after a fault goes too far [P195] [P2]:
 *        A: copy into [0, 2048), fault after 100 bytes
 *                                               B: write [2048, 4096)
 *        A: zero [100, 2049): B's byte is overwritten.
 *   Error 2: A fault of one thread makes the copy of another thread fail, or the reader's position moves at a
 *     fault, so that the reader's next copy does not begin with the chunk that failed [P187] [P188] [P196].
 *   Error 3: A thread's mprotect() of its own memory makes the copy of another thread fail.
 *
 * A few hundred operations detect errors 1 and 2; error 3 needs minutes and many threads.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "stress/owned.h"
#include "stress/tagged.h"

#define USER_PAGES 3
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)

static _Alignas(PAGE_SIZE) unsigned char user_memory[STRESS_THREADS_MAX][USER_SIZE];
static uint64_t user_tags[STRESS_THREADS_MAX];

static void fill_user_memory_with_tag(struct stress_thread *self)
{
	user_tags[self->thread_index] = tagged_make_next_tag(self);
	tagged_fill_bytes(user_memory[self->thread_index], user_tags[self->thread_index], 0, USER_SIZE);
}

/*
 * Sets the expected bytes of the chunk to those after a correct copy of user memory. Reports a failure if
 * @error, the result of the copy, is wrong.
 * @user_off: offset of the chunk in user memory
 * @readable: number of bytes of the chunk before the first unreadable byte
 */
static void set_expected_bytes_and_check_error(struct stress_thread *self, const struct chunk *chunk,
					       size_t user_off, size_t readable, int error)
{
	memset(chunk->expected_bytes, 0, chunk->len);
	/* A copy refused by --fail-copy leaves only zeros; a fault leaves zeros after the readable bytes. */
	if (error &&
	    stress_count_leading_zero_bytes(self, chunk->page, chunk->off, chunk->len) == chunk->len &&
	    stress_count_if_refused_copy(self, error))
		return;
	tagged_fill_bytes(chunk->expected_bytes, user_tags[self->thread_index], user_off, readable);
	stress_expect_equal(self, "page_copy_from_user_slice", error, readable < chunk->len ? -EFAULT : 0);
}

/* Calls mprotect() for the thread's user memory from byte @first on (USER_SIZE: for no byte). */
static void mprotect_user_memory_from_byte(struct stress_thread *self, size_t first, int protection)
{
	if (mprotect(user_memory[self->thread_index] + first, USER_SIZE - first, protection))
		stress_count_and_check_refused_call(self, "mprotect");
}

/*
 * Copies a random part of the thread's user memory to the span, chunk by chunk, until a copy fails.
 * @first_unreadable: index of the first unreadable byte of user memory; USER_SIZE: all are readable.
 */
static void copy_user_memory_and_check_span(struct stress_thread *self, struct file_span span,
					    size_t first_unreadable)
{
	size_t from = stress_pick_number(self, USER_SIZE - span.len);
	struct user_slice_reader reader;
	struct chunk chunk = { 0 };
	int error = 0;

	fill_user_memory_with_tag(self);
	mprotect_user_memory_from_byte(self, first_unreadable, PROT_NONE);
	user_slice_reader_init(&reader,
			       user_slice_new(user_memory[self->thread_index] + from, USER_SIZE - from));
	while (!error && owned_get_next_chunk_and_record_access(self, span, &chunk)) {
		size_t user_off = from + chunk.span_pos, len = owned_compute_write_length_with_bug(&chunk);
		size_t readable = first_unreadable > user_off ? first_unreadable - user_off : 0,
		       left = reader.left;

		error = page_copy_from_user_slice(chunk.page, &reader, chunk.off, len);
		set_expected_bytes_and_check_error(self, &chunk, user_off,
						   readable < chunk.len ? readable : chunk.len, error);
		stress_expect_equal(self, "bytes that the reader moved", (int)(left - reader.left),
				    error ? 0 : (int)len);
		if (error && stress_injects_bug("moves"))
			error = user_slice_skip(&reader, 1);
	}
	mprotect_user_memory_from_byte(self, first_unreadable, PROT_READ | PROT_WRITE);
	owned_check_span_by_random_kind(self, span);
}

static void copy_readable_memory(struct stress_thread *self, struct file_span span)
{
	copy_user_memory_and_check_span(self, span, USER_SIZE);
}

static void copy_with_fault(struct stress_thread *self, struct file_span span)
{
	copy_user_memory_and_check_span(self, span, PAGE_SIZE * stress_pick_number(self, USER_PAGES));
}

const struct stress_scenario stress_reader = {
	.layout = { .piece_size = 6151, .pieces_per_thread = 1, .copy_count = 1 },
	.operations = {
		{ "copy", 4, .pick = owned_pick_piece_part, .access = copy_readable_memory },
		{ "fault", 3, .pick = owned_pick_piece_part, .access = copy_with_fault },
		{ "read", 1, .pick = owned_pick_piece_part, .access = owned_check_span_by_random_kind,
		  .page_call = "read_raw" },
	},
};
