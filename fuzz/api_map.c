/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api for mappings and callbacks (R4, R5, R6). */
#include "fuzz/api.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* ---- mappings ---- */

/* The last address that the current input unmapped. With `alias`, the next mapping has another one. [P71] */
static struct {
	const struct model_task *task;
	const unsigned char *addr;
} last_unmap;

void api_forget_last_unmap(void)
{
	last_unmap.task = NULL;
}

void api_map_page(struct model_page *page)
{
	unsigned char *addr = page_map_local(page->page);
	const struct model_task *task = api_current_task();

	api_push_mapping(page, addr);
	api_expect(!api_is_alias() || last_unmap.task != task || last_unmap.addr != addr,
		   "a mapping has the address of the mapping that was removed just before");
	last_unmap.task = NULL;
	/* [P89] */
	api_check_bytes(page, addr, 0, PAGE_SIZE, "a new mapping");
}

void api_unmap_newest(size_t offset)
{
	struct model_task *task = api_current_task();
	struct model_mapping newest = task->mappings[task->depth - 1];
	unsigned char *canonical = page_canonical(newest.addr);

	last_unmap.task = task;
	last_unmap.addr = newest.addr;
	page_unmap_local(newest.addr + offset % PAGE_SIZE);
	api_pop_mapping();
	/* [P104] [P106] */
	api_expect(page_canonical(newest.addr) == canonical, "the unmap changed a canonical address");
}

void api_run_map(const struct api_call *call)
{
	struct model_page *page = api_get_or_alloc_page(call);

	/* Most calls map once, some map until the task has all mappings. */
	for (uint64_t n = 1 + call->numbers[0] % 32 / 31 * PAGE_TASK_MAPPINGS; n; n--)
		if (api_has_free_mappings(1))
			api_map_page(page);
}

void api_run_unmap(const struct api_call *call)
{
	for (uint64_t n = 1 + call->numbers[0] % 32 / 31 * PAGE_TASK_MAPPINGS; n; n--)
		if (api_current_task()->depth)
			api_unmap_newest((size_t)call->numbers[0]);
}

/* Writes through a mapping of any task: the bytes are those of the page, and of each other mapping. [P4] */
void api_run_map_write(const struct api_call *call)
{
	const struct model_task *task = &api_tasks[call->numbers[0] / PAGE_TASK_MAPPINGS % MODEL_TASKS];
	size_t off = call->numbers[1] % PAGE_SIZE, len = call->numbers[2] % (PAGE_SIZE - off) + 1;
	const unsigned char *bytes = api_pattern(call->numbers[2]);
	const struct model_mapping *mapping;

	if (!task->depth)
		task = api_current_task();
	if (!task->depth)
		return;
	mapping = &task->mappings[task->depth - 1 - call->numbers[0] % task->depth];
	if (!api_is_mapping_valid(task, mapping))
		return;
	memcpy(mapping->addr + off, bytes, len);
	api_model_write(mapping->page, off, bytes, len);
	api_touch_page(mapping->page);
	api_check_bytes(mapping->page, mapping->addr, 0, PAGE_SIZE, "the mapping that was written");
}

/* Addresses that are no mapping: of the stack, and canonical ones. [P108] [P107] */
void api_run_canonical(const struct api_call *call)
{
	const struct model_task *task = api_current_task();
	unsigned char byte, *addr = &byte;

	api_expect(!page_canonical(addr), "an address on the stack has a canonical address");
	if (!task->depth)
		return;
	addr = task->mappings[task->depth - 1].addr;
	api_expect((unsigned char *)page_canonical(addr + call->numbers[0] % PAGE_SIZE) ==
			   (unsigned char *)page_canonical(addr) + call->numbers[0] % PAGE_SIZE,
		   "byte %zu of a mapping has a canonical address that is not byte %zu of the page",
		   (size_t)call->numbers[0] % PAGE_SIZE, (size_t)call->numbers[0] % PAGE_SIZE);
}

/* ---- callbacks ---- */

static const int returned_values[] = { 37, 0, 1, -1, -EINVAL, -EFAULT, INT_MIN, INT_MAX };

#define RETURNED_VALUES (sizeof(returned_values) / sizeof(*returned_values))

/* The maximum of callbacks that are inside of each other. */
#define LEVELS_MAX 4

struct callback {
	struct model_page *page;
	size_t off, len; /* the bytes that the callback may access */
	uint64_t script; /* what the callback does: see run_callback_action() */
	unsigned int call_count;
};

/* The callbacks that run, the outermost first. The context of the newest is its entry. [P111] [P118] */
static struct callback callbacks[LEVELS_MAX];
static unsigned int level_count;

static int get_returned_value(const struct callback *callback)
{
	return returned_values[callback->script / 8 % RETURNED_VALUES];
}

static void run_mapped_callback(struct model_page *page, uint64_t script);
static void run_pointer_callback(struct model_page *page, size_t off, size_t len, uint64_t script);

static void write_range_by_pointer(const struct callback *callback, unsigned char *ptr)
{
	const unsigned char *bytes = api_pattern(callback->script);

	memcpy(ptr, bytes, callback->len);
	api_model_write(callback->page, callback->off, bytes, callback->len);
}

static void map_and_unmap_again(struct model_page *page, unsigned int count)
{
	unsigned int mapped = 0;

	for (; mapped < count && api_has_free_mappings(1); mapped++)
		api_map_page(page);
	for (; mapped; mapped--)
		api_unmap_newest(mapped);
}

static void run_callback_action(const struct callback *callback, unsigned char *ptr)
{
	uint64_t inner = callback->script / 64;

	switch (callback->script % 8) {
	case 1:
		write_range_by_pointer(callback, ptr);
		break;
	case 2:
		map_and_unmap_again(callback->page, 1 + (unsigned int)(inner % PAGE_TASK_MAPPINGS));
		break;
	case 3:
		run_mapped_callback(callback->page, inner);
		break;
	case 4:
		run_pointer_callback(callback->page, callback->off, callback->len, inner);
		break;
	case 5: /* a range that is not good: no callback */
		run_pointer_callback(callback->page, PAGE_SIZE, 1, inner);
		break;
	case 6:
		page_get(callback->page->page);
		page_free(callback->page->page);
		break;
	case 7:
		if (!api_has_free_mappings(1))
			break;
		page_fill_zero(callback->page->page, callback->off, callback->len);
		api_model_fill_zero(callback->page, callback->off, callback->len);
		break;
	default:
		break;
	}
}

static int run_callback(void *ptr, void *ctx)
{
	struct callback *callback = &callbacks[level_count - 1];

	api_expect(ctx == callback, "a callback got the context %p, expected %p", ctx, (void *)callback);
	api_expect(!callback->call_count++, "a callback was called twice");
	api_push_mapping(callback->page, (unsigned char *)ptr - callback->off);
	api_expect(page_task_depth(page_task_current()) == api_current_task()->depth,
		   "a callback runs with %u mappings, expected %u", page_task_depth(page_task_current()),
		   api_current_task()->depth);
	api_check_bytes(callback->page, ptr, callback->off, callback->len, "the range of a callback");
	run_callback_action(callback, ptr);
	api_check_bytes(callback->page, ptr, callback->off, callback->len, "the range after a callback");
	api_pop_mapping();
	return get_returned_value(callback);
}

/* Makes the next callback the newest. Return: its context, or NULL if the call would be misuse. */
static struct callback *push_callback(struct model_page *page, size_t off, size_t len, uint64_t script)
{
	if (level_count == LEVELS_MAX || !api_has_free_mappings(1))
		return NULL;
	callbacks[level_count] = (struct callback){ page, off, len, script, 0 };
	return &callbacks[level_count++];
}

/* [P110] [P114] [P116] [P117] [P121] */
static void check_and_pop_callback(const char *name, int ret, bool is_good)
{
	struct callback *callback = &callbacks[--level_count];
	int expected = is_good ? get_returned_value(callback) : -EINVAL;

	api_expect(ret == expected && callback->call_count == is_good,
		   "%s(%#zx, %#zx) returned %d after %u callbacks, expected %d after %d", name, callback->off,
		   callback->len, ret, callback->call_count, expected, is_good);
	api_expect(page_task_depth(page_task_current()) == api_current_task()->depth,
		   "%s left %u mappings, expected %u", name, page_task_depth(page_task_current()),
		   api_current_task()->depth);
	api_touch_page(callback->page);
	last_unmap.task = NULL;
}

static void run_mapped_callback(struct model_page *page, uint64_t script)
{
	struct callback *callback = push_callback(page, 0, PAGE_SIZE, script);

	if (callback)
		check_and_pop_callback("page_with_mapped",
				       page_with_mapped(page->page, run_callback, callback), true);
}

static void run_pointer_callback(struct model_page *page, size_t off, size_t len, uint64_t script)
{
	struct callback *callback = push_callback(page, off, len, script);

	if (callback)
		check_and_pop_callback("page_with_pointer",
				       page_with_pointer(page->page, off, len, run_callback, callback),
				       api_is_good_range(off, len));
}

void api_run_with_mapped(const struct api_call *call)
{
	run_mapped_callback(api_get_or_alloc_page(call), 0);
}

void api_run_with_pointer(const struct api_call *call)
{
	run_pointer_callback(api_get_or_alloc_page(call), (size_t)call->numbers[0], (size_t)call->numbers[1],
			     1);
}

void api_run_mapped_callback(const struct api_call *call)
{
	run_mapped_callback(api_get_or_alloc_page(call), call->numbers[0]);
}

void api_run_pointer_callback(const struct api_call *call)
{
	size_t off = api_reduce_upper_half(call->numbers[0], PAGE_SIZE);
	size_t rest = off <= PAGE_SIZE ? PAGE_SIZE - off : 0;

	run_pointer_callback(api_get_or_alloc_page(call), off, api_reduce_upper_half(call->numbers[1], rest),
			     call->numbers[2]);
}
