/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Memory of user slices: a readable range of memory, followed by an unreadable range, for each slice handle.
 * A slice lies across the border of the two ranges, so that its first unreadable byte is the first byte of
 * the unreadable range. So a read of a slice faults exactly at the slice's first unreadable byte.
 */
#include <sys/mman.h>

#include "harness/util/bytes.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

#define SLICE_RANGE ((size_t)PROGRAM_SLICE_MAX + 1)

bool exec_user_memory_init(struct exec *exec)
{
	for (unsigned int i = 0; i < PROGRAM_SLICES; i++) {
		uint8_t *memory = mmap(NULL, 2 * SLICE_RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return false;
		exec->slices[i].user_memory = memory;
		if (mprotect(memory, SLICE_RANGE, PROT_READ | PROT_WRITE))
			return false;
	}
	return true;
}

void exec_user_memory_destroy(struct exec *exec)
{
	for (unsigned int i = 0; i < PROGRAM_SLICES; i++)
		if (exec->slices[i].user_memory)
			munmap(exec->slices[i].user_memory, 2 * SLICE_RANGE);
}

void exec_user_slice(struct exec_context *context)
{
	const struct call *call = context->call;
	struct exec_slice *slice = &context->exec->slices[call->handle[0]];
	size_t size = call->number[0];

	slice->readable_size = call->has_fault ? number_min(exec_size_argument(context, 1), size) : size;
	slice->slice_start = slice->user_memory + SLICE_RANGE - slice->readable_size;
	pattern_fill(slice->slice_start, slice->readable_size, call->value);
	user_slice_reader_init(&slice->reader, user_slice_new(slice->slice_start, size));
}

/*
 * Copies the slice's reader, which the library changes, to memory of the thread. Detectors would report races
 * on a shared reader, because threads use one slice in an order that detectors do not see (thread_plan.h).
 * Detectors must report only races on pages.
 */
static struct user_slice_reader *copy_reader_to_thread(struct exec_context *context, struct exec_slice *slice)
{
	bytes_copy(&context->thread_state->reader, &slice->reader, sizeof(slice->reader));
	return &context->thread_state->reader;
}

static void copy_reader_to_slice(struct exec_context *context, struct exec_slice *slice)
{
	bytes_copy(&slice->reader, &context->thread_state->reader, sizeof(slice->reader));
}

void exec_skip(struct exec_context *context)
{
	struct exec_slice *slice = &context->exec->slices[context->call->handle[0]];

	exec_set_result(context, user_slice_skip(copy_reader_to_thread(context, slice),
						 exec_size_argument(context, 0)));
	copy_reader_to_slice(context, slice);
}

void exec_user_store(struct exec_context *context)
{
	const struct call *call = context->call;
	struct exec_slice *slice = &context->exec->slices[call->handle[0]];

	if (call->number[0] < slice->readable_size)
		pattern_fill(
			slice->slice_start + call->number[0],
			number_min(exec_size_argument(context, 1), slice->readable_size - call->number[0]),
			call->value);
}

void exec_copy_from_user_slice(struct exec_context *context)
{
	struct exec_slice *slice = &context->exec->slices[context->call->handle[1]];

	exec_set_result(context, page_copy_from_user_slice(
					 exec_page_of_call(context, 0), copy_reader_to_thread(context, slice),
					 exec_size_argument(context, 0), exec_size_argument(context, 1)));
	copy_reader_to_slice(context, slice);
}
