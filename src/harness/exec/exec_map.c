/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Loads and stores through mappings are the harness's own. They go to the mapping's
 * address, so that what watches addresses sees them there; ThreadSanitizer, which does
 * not see the harness, is told of them at the page's home (R4).
 */
#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

/* Not by pointer arithmetic: a program may ask for what is far outside. */
static void *at(const struct exec_map *map, size_t off)
{
	return (void *)((uintptr_t)map->addr + off);
}

enum result exec_kmap_local(struct exec_context *one)
{
	struct exec_map *map = &one->x->maps[one->call->handle[0]];

	map->addr = page_map_local(exec_page(one, 1));
	map->home = one->x->pages[one->call->handle[1]].home;
	one->lane->mapped[one->lane->depth++] = one->call->handle[0];
	return RESULT_NONE;
}

enum result exec_kunmap_local(struct exec_context *one)
{
	page_unmap_local(one->x->maps[one->call->handle[0]].addr);
	one->lane->depth--;
	return RESULT_NONE;
}

/* Decides something by each byte: MemorySanitizer reports one that has no value. */
static void use_bytes(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == EXEC_GUARD_BYTE)
			__asm__ volatile("");
}

static void log_bytes(struct exec_context *one, const void *bytes, size_t len)
{
	one->step->len = (uint16_t)(len < one->room ? len : one->room);
	bytes_copy(one->log, bytes, one->step->len);
	if (one->x->use_values)
		use_bytes(one->log, one->step->len);
}

enum result exec_load(struct exec_context *one)
{
	const struct exec_map *map = &one->x->maps[one->call->handle[0]];
	size_t off = exec_size(one->call->number[0]), len = exec_size(one->call->number[1]);

	if (!len)
		return RESULT_NONE;
	log_bytes(one, at(map, off), len);
	tsan_read((void *)(map->home + off), len);
	return RESULT_NONE;
}

enum result exec_store(struct exec_context *one)
{
	const struct call *call = one->call;
	const struct exec_map *map = &one->x->maps[call->handle[0]];
	size_t off = exec_size(call->number[0]), len = exec_size(call->number[1]);
	size_t some = len < PAGE_SIZE ? len : PAGE_SIZE;

	if (!len)
		return RESULT_NONE;
	pattern_fill(one->lane->source, some, call->value);
	bytes_copy(at(map, off), one->lane->source, some);
	tsan_write((void *)(map->home + off), len);
	return RESULT_NONE;
}

enum result exec_load_atomic(struct exec_context *one)
{
	const struct exec_map *map = &one->x->maps[one->call->handle[0]];
	size_t off = exec_size(one->call->number[0]), size = exec_size(one->call->number[1]);
	uint64_t value = 0;

	tsan_load_atomic(at(map, off), (void *)(map->home + off), size, &value);
	log_bytes(one, &value, size);
	return RESULT_NONE;
}

enum result exec_store_atomic(struct exec_context *one)
{
	const struct call *call = one->call;
	const struct exec_map *map = &one->x->maps[call->handle[0]];
	size_t off = exec_size(call->number[0]), size = exec_size(call->number[1]);
	uint64_t value = 0;

	pattern_fill((uint8_t *)&value, size, call->value);
	tsan_store_atomic(at(map, off), (void *)(map->home + off), size, &value);
	return RESULT_NONE;
}
