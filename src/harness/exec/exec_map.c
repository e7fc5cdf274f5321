/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Loads and stores through mappings. The harness makes each access itself, at the mapping's address, where
 * other sanitizers check the access. ThreadSanitizer does not instrument the harness, so the harness also
 * reports each access to ThreadSanitizer, at the page's canonical address (R4).
 */
#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

/* Adds integers: pointer arithmetic would be undefined, as the access may be far outside of the mapping. */
static void *mapped_address_of_access(const struct exec_context *context)
{
	return (void *)((uintptr_t)context->exec->maps[context->call->handle[0]].addr +
			exec_size_argument(context, 0));
}

static void *canonical_address_of_access(const struct exec_context *context)
{
	return (void *)(context->exec->maps[context->call->handle[0]].canonical_addr +
			exec_size_argument(context, 0));
}

void exec_kmap_local(struct exec_context *context)
{
	struct exec_map *map = &context->exec->maps[context->call->handle[0]];

	map->addr = page_map_local(exec_page_of_call(context, 1));
	map->canonical_addr = context->exec->pages[context->call->handle[1]].canonical_addr;
	context->thread_state->live_maps[context->thread_state->live_map_count++] = context->call->handle[0];
}

void exec_kunmap_local(struct exec_context *context)
{
	page_unmap_local(context->exec->maps[context->call->handle[0]].addr);
	context->thread_state->live_map_count--;
}

/* Branches on each byte, so that MemorySanitizer reports an uninitialised byte. */
static void branch_on_bytes(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == EXEC_GUARD_BYTE)
			__asm__ volatile("");
}

void exec_load(struct exec_context *context)
{
	size_t len = exec_size_argument(context, 1);
	uint64_t value = 0;

	if (context->call->op == OP_load_atomic) {
		tsan_load_atomic(mapped_address_of_access(context), canonical_address_of_access(context), len,
				 &value);
		exec_store_read_bytes_truncated(context, &value, len);
	} else if (len) {
		exec_store_read_bytes_truncated(context, mapped_address_of_access(context), len);
		tsan_record_read(canonical_address_of_access(context), len);
	}
	if (context->exec->options.check_initialised)
		branch_on_bytes(context->read_log, context->step->log_len);
}

void exec_store(struct exec_context *context)
{
	size_t len = exec_size_argument(context, 1), buffer_len = number_min(len, PAGE_SIZE);
	uint8_t *source = context->thread_state->source_buffer;

	pattern_fill(source, buffer_len, context->call->value);
	if (context->call->op == OP_store_atomic) {
		tsan_store_atomic(mapped_address_of_access(context), canonical_address_of_access(context),
				  len, source);
	} else if (len) {
		bytes_copy(mapped_address_of_access(context), source, buffer_len);
		tsan_record_write(canonical_address_of_access(context), len);
	}
}
