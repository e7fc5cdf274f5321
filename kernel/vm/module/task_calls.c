/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "task_calls.h"

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "page_calls.h"

#define REPETITION_DELAY_US 100

static unsigned int repeat = 1;
module_param(repeat, uint, 0644);
MODULE_PARM_DESC(repeat, "make each repeatable call this many times in its place");

/* ---- mappings ---- */

static long map_page(struct task_calls *calls, struct device_call *call, struct page *page)
{
	void *addr = page_call_map(page);

	if (calls->map_count < MAPS_MAX)
		calls->maps[calls->map_count++] = addr;
	call->addr = (unsigned long)addr;
	return 0;
}

static long unmap_page(struct task_calls *calls, const void *addr)
{
	unsigned int i = calls->map_count;

	page_call_unmap(addr);
	while (i && calls->maps[i - 1] != addr)
		i--;
	if (i && i == calls->map_count)
		calls->map_count--;
	return 0;
}

void task_calls_unmap_all(struct task_calls *calls)
{
	while (calls->map_count)
		page_call_unmap(calls->maps[--calls->map_count]);
}

/* ---- calls ---- */

static long make_call(struct task_calls *calls, struct device_call *call, struct page *page)
{
	u8 *buffer = calls->buffer;
	void *addr = (void *)(unsigned long)call->addr;
	size_t buffer_length = min_t(u64, call->length, PAGE_SIZE);

	switch (call->id) {
	case DEVICE_alloc:
		return numbered_pages_allocate(calls->pages, call->value);
	case DEVICE_get:
		numbered_pages_get(calls->pages, call->page);
		return 0;
	case DEVICE_free:
		numbered_pages_free(calls->pages, call->page);
		return 0;
	case DEVICE_ref_count:
		return page_ref_count(page);
	case DEVICE_map:
		return map_page(calls, call, page);
	case DEVICE_unmap:
		return unmap_page(calls, addr);
	case DEVICE_read_raw:
		return page_call_read_raw(page, buffer, call->offset, call->length);
	case DEVICE_write_raw:
		return page_call_write_raw(page, buffer, call->offset, call->length);
	case DEVICE_fill_zero:
		return page_call_fill_zero(page, call->offset, call->length);
	case DEVICE_read_bytewise:
		return page_call_read_bytewise(page, buffer, call->offset, call->length);
	case DEVICE_write_bytewise:
		return page_call_write_bytewise(page, buffer, call->offset, call->length);
	case DEVICE_copy:
		return page_call_copy(page, call->offset,
				      numbered_pages_find(calls->pages, call->source_page),
				      call->source_offset, call->length);
	case DEVICE_copy_from_user:
		return page_call_copy_from_user(page, (const void __user *)(unsigned long)call->user,
						call->left, call->offset, call->length);
	case DEVICE_check_free:
		page_call_check_free(page);
		return 0;
	case DEVICE_load:
		page_call_load(buffer, addr, buffer_length);
		return 0;
	case DEVICE_store:
		page_call_store(addr, buffer, buffer_length);
		return 0;
	case DEVICE_load_atomic:
		call->value = page_call_load_atomic(addr, call->length);
		return 0;
	case DEVICE_store_atomic:
		page_call_store_atomic(addr, call->value, call->length);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void set_current_fail_nth(unsigned int n)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = n;
#endif
}

static unsigned int get_current_fail_nth(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return current->fail_nth;
#else
	return 0;
#endif
}

static const bool is_repeatable[DEVICE_CALL_COUNT] = {
#define DEVICE_CALL(id, repeatable, op) [DEVICE_##id] = repeatable,
	DEVICE_CALLS
#undef DEVICE_CALL
};

/*
 * How often the task makes the call in its place. KCSAN may wait in each access, and a bytewise call has an
 * access for each byte.
 */
static unsigned int count_repetitions(const struct task_calls *calls, const struct device_call *call)
{
	bool is_bytewise = call->id == DEVICE_read_bytewise || call->id == DEVICE_write_bytewise;

	if (!is_repeatable[call->id] || calls->fail_nth)
		return 1;
	return is_bytewise ? max_t(u64, 1, repeat / (min_t(u64, call->length, PAGE_SIZE) / 8 + 1)) : repeat;
}

/*
 * KCSAN does not wait in an atomic access, so without a delay all repetitions of the call would end before
 * another thread makes its access.
 */
static void delay_before_repetition(const struct device_call *call)
{
	if (call->id == DEVICE_load_atomic || call->id == DEVICE_store_atomic)
		udelay(REPETITION_DELAY_US);
}

void task_calls_make(struct task_calls *calls, struct device_call *call)
{
	struct page *page = numbered_pages_find(calls->pages, call->page);
	unsigned int count = count_repetitions(calls, call);

	if (call->id == DEVICE_fail_nth) {
		call->result = calls->fail_nth;
		calls->fail_nth = call->value;
		return;
	}
	for (unsigned int i = 0; i < calls->map_count; i++)
		page_call_flush(calls->maps[i]);
	for (;;) {
		set_current_fail_nth(calls->fail_nth);
		call->result = make_call(calls, call, page);
		calls->fail_nth = get_current_fail_nth();
		set_current_fail_nth(0);
		if (count-- <= 1)
			break;
		delay_before_repetition(call);
	}
}
