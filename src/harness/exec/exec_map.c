/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Loads and stores through mappings. The harness makes them itself, at the mapping's address, where
 * sanitizers check them. ThreadSanitizer does not instrument the harness, so each access is also
 * reported to it, at the page's canonical address (R4).
 */
#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

/*
 * The addresses that a load or store accesses: in the mapping, and in the page for detectors. Not
 * by pointer arithmetic: a program may access addresses far outside of the object.
 */
static void *mapped_address(const struct exec_context *context)
{
	return (void *)((uintptr_t)context->exec->maps[context->call->handle[0]].addr +
			exec_size_of_call(context, 0));
}

static void *canonical_address(const struct exec_context *context)
{
	return (void *)(context->exec->maps[context->call->handle[0]].canonical_addr +
			exec_size_of_call(context, 0));
}

void exec_kmap_local(struct exec_context *context)
{
	struct exec_map *map = &context->exec->maps[context->call->handle[0]];

	map->addr = page_map_local(exec_page_of_call(context, 1));
	map->canonical_addr = context->exec->pages[context->call->handle[1]].canonical_addr;
	context->thread_state->live_maps[context->thread_state->live_map_count++] =
		context->call->handle[0];
}

void exec_kunmap_local(struct exec_context *context)
{
	page_unmap_local(context->exec->maps[context->call->handle[0]].addr);
	context->thread_state->live_map_count--;
}

/* Branches on each byte, so that MemorySanitizer reports an uninitialised one. */
static void branch_on_bytes(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == EXEC_GUARD_BYTE)
			__asm__ volatile("");
}

void exec_load(struct exec_context *context)
{
	size_t len = exec_size_of_call(context, 1);
	uint64_t value = 0;

	if (context->call->op == OP_load_atomic) {
		tsan_load_atomic(mapped_address(context), canonical_address(context), len, &value);
		exec_log_bytes(context, &value, len);
	} else if (len) {
		exec_log_bytes(context, mapped_address(context), len);
		tsan_record_read(canonical_address(context), len);
	}
	if (context->exec->options.check_initialised)
		branch_on_bytes(context->read_log, context->step->log_len);
}

void exec_store(struct exec_context *context)
{
	size_t len = exec_size_of_call(context, 1), buffer_len = number_min(len, PAGE_SIZE);
	uint8_t *source = context->thread_state->source_buffer;

	pattern_fill(source, buffer_len, context->call->value);
	if (context->call->op == OP_store_atomic) {
		tsan_store_atomic(mapped_address(context), canonical_address(context), len, source);
	} else if (len) {
		bytes_copy(mapped_address(context), source, buffer_len);
		tsan_record_write(canonical_address(context), len);
	}
}
