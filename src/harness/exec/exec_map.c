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

/* Not by pointer arithmetic: a program may access addresses far outside of the object. */
static void *address_at(const struct exec_map *map, size_t off)
{
	return (void *)((uintptr_t)map->addr + off);
}

enum result exec_kmap_local(struct exec_context *context)
{
	struct exec_map *map = &context->x->maps[context->call->handle[0]];

	map->addr = page_map_local(exec_page_of_call(context, 1));
	map->canonical_addr = context->x->pages[context->call->handle[1]].canonical_addr;
	context->thread_state->live_maps[context->thread_state->live_map_count++] =
		context->call->handle[0];
	return RESULT_NONE;
}

enum result exec_kunmap_local(struct exec_context *context)
{
	page_unmap_local(context->x->maps[context->call->handle[0]].addr);
	context->thread_state->live_map_count--;
	return RESULT_NONE;
}

/* Branches on each byte, so that MemorySanitizer reports an uninitialised one. */
static void branch_on_bytes(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == EXEC_GUARD_BYTE)
			__asm__ volatile("");
}

static void log_bytes(struct exec_context *context, const void *bytes, size_t len)
{
	context->step->log_len =
		(uint16_t)(len < context->read_log_left ? len : context->read_log_left);
	bytes_copy(context->read_log, bytes, context->step->log_len);
	if (context->x->options.check_initialised)
		branch_on_bytes(context->read_log, context->step->log_len);
}

enum result exec_load(struct exec_context *context)
{
	const struct exec_map *map = &context->x->maps[context->call->handle[0]];
	size_t off = exec_size_from_number(context->call->number[0]),
	       len = exec_size_from_number(context->call->number[1]);

	if (!len)
		return RESULT_NONE;
	log_bytes(context, address_at(map, off), len);
	tsan_record_read((void *)(map->canonical_addr + off), len);
	return RESULT_NONE;
}

enum result exec_store(struct exec_context *context)
{
	const struct call *call = context->call;
	const struct exec_map *map = &context->x->maps[call->handle[0]];
	size_t off = exec_size_from_number(call->number[0]),
	       len = exec_size_from_number(call->number[1]);
	size_t some = len < PAGE_SIZE ? len : PAGE_SIZE;

	if (!len)
		return RESULT_NONE;
	pattern_fill(context->thread_state->source_buffer, some, call->value);
	bytes_copy(address_at(map, off), context->thread_state->source_buffer, some);
	tsan_record_write((void *)(map->canonical_addr + off), len);
	return RESULT_NONE;
}

enum result exec_load_atomic(struct exec_context *context)
{
	const struct exec_map *map = &context->x->maps[context->call->handle[0]];
	size_t off = exec_size_from_number(context->call->number[0]),
	       size = exec_size_from_number(context->call->number[1]);
	uint64_t value = 0;

	tsan_load_atomic(address_at(map, off), (void *)(map->canonical_addr + off), size, &value);
	log_bytes(context, &value, size);
	return RESULT_NONE;
}

enum result exec_store_atomic(struct exec_context *context)
{
	const struct call *call = context->call;
	const struct exec_map *map = &context->x->maps[call->handle[0]];
	size_t off = exec_size_from_number(call->number[0]),
	       size = exec_size_from_number(call->number[1]);
	uint64_t value = 0;

	pattern_fill((uint8_t *)&value, size, call->value);
	tsan_store_atomic(address_at(map, off), (void *)(map->canonical_addr + off), size, &value);
	return RESULT_NONE;
}
