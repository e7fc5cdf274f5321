/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Loads and stores through mappings. The harness makes each access itself, at the mapping's address, where
 * other sanitizers check the access. ThreadSanitizer does not instrument the harness, so the harness also
 * reports each access to ThreadSanitizer, at the page's canonical address (R4).
 */
#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"
#include "harness/exec/kernel_calls.h"
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

void exec_copy_from_mapping(void *target, const void *addr, size_t len)
{
	const struct kernel_calls *kernel = kernel_calls_get();

	if (kernel)
		kernel->read(addr, target, len);
	else
		bytes_copy(target, addr, len);
}

static uint64_t load_atomic(const struct exec_context *context, size_t size)
{
	const struct kernel_calls *kernel = kernel_calls_get();
	uint64_t value = 0;

	if (kernel)
		return kernel->read_atomic(mapped_address_of_access(context), size);
	tsan_load_atomic(mapped_address_of_access(context), canonical_address_of_access(context), size,
			 &value);
	return value;
}

static void load_plain(struct exec_context *context, size_t len)
{
	context->step->log_len = (uint16_t)number_min(len, context->read_log_size_left);
	exec_copy_from_mapping(context->read_log, mapped_address_of_access(context), context->step->log_len);
	tsan_record_read(canonical_address_of_access(context), len);
}

void exec_load(struct exec_context *context)
{
	size_t len = exec_size_argument(context, 1);

	if (context->call->op == OP_load_atomic) {
		uint64_t value = load_atomic(context, len);

		exec_store_read_bytes_truncated(context, &value, len);
	} else if (len) {
		load_plain(context, len);
	}
	if (context->exec->options.check_initialised)
		branch_on_bytes(context->read_log, context->step->log_len);
}

static void store_atomic(const struct exec_context *context, size_t size, const uint8_t *source)
{
	const struct kernel_calls *kernel = kernel_calls_get();
	uint64_t value = 0;

	if (!kernel) {
		tsan_store_atomic(mapped_address_of_access(context), canonical_address_of_access(context),
				  size, source);
		return;
	}
	bytes_copy(&value, source, size);
	kernel->write_atomic(mapped_address_of_access(context), size, value);
}

static void store_plain(const struct exec_context *context, size_t len, const uint8_t *source)
{
	const struct kernel_calls *kernel = kernel_calls_get();
	size_t buffer_len = number_min(len, PAGE_SIZE);

	if (kernel)
		kernel->write(mapped_address_of_access(context), source, buffer_len);
	else
		bytes_copy(mapped_address_of_access(context), source, buffer_len);
	tsan_record_write(canonical_address_of_access(context), len);
}

void exec_store(struct exec_context *context)
{
	size_t len = exec_size_argument(context, 1);
	uint8_t *source = context->thread_state->source_buffer;

	pattern_fill(source, number_min(len, PAGE_SIZE), context->call->value);
	if (context->call->op == OP_store_atomic)
		store_atomic(context, len, source);
	else if (len)
		store_plain(context, len, source);
}
