/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The call `misuse` of fuzz_api: a table of what must end a process, each in a child process with a task and
 * pages of its own. Each call of page.h that uses a page is there with a freed page, and each call that maps
 * a page with all mappings of the task in use.
 */
#include "fuzz/api.h"

#include <pthread.h>
#include <stdlib.h>

#include "harness/detect/detector.h"
#include "harness/util/no_coverage.h"
#include "page/page_kernel.h"

NO_COVERAGE_BEGIN

/* Made by set_up() in the child process. */
static struct page *page, *other, *freed;
static unsigned char bytes[PAGE_SIZE];
static struct user_slice_reader reader;

static void set_up(void)
{
	api_child_start_new_task();
	page = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	freed = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	if (!page || !other || !freed)
		_Exit(0);
	page_free(freed);
	user_slice_reader_init(&reader, user_slice_new(bytes, sizeof(bytes)));
}

static void map_pages(unsigned int count)
{
	for (; count; count--)
		page_map_local(page);
}

static int return_0(void *addr, void *ctx)
{
	(void)addr;
	(void)ctx;
	return 0;
}

static int leave_mapping(void *addr, void *ctx)
{
	(void)addr;
	page_map_local(ctx);
	return 0;
}

/* ---- the calls that use a page: with a freed page, or with all mappings in use ---- */

static void call_get(struct page *used)
{
	page_get(used);
}

static void call_free(struct page *used)
{
	page_free(used);
}

static void call_nid(struct page *used)
{
	page_nid(used);
}

static void call_map(struct page *used)
{
	page_map_local(used);
}

static void call_with_mapped(struct page *used)
{
	page_with_mapped(used, return_0, NULL);
}

static void call_with_pointer(struct page *used)
{
	page_with_pointer(used, PAGE_SIZE, 0, return_0, NULL);
}

static void call_read(struct page *used)
{
	page_read_raw(used, bytes, 0, 1);
}

static void call_write(struct page *used)
{
	page_write_raw(used, bytes, 0, 1);
}

static void call_fill(struct page *used)
{
	page_fill_zero(used, 0, 1);
}

static void call_read_atomic(struct page *used)
{
	page_read_bytewise_atomic(used, bytes, 0, 1);
}

static void call_write_atomic(struct page *used)
{
	page_write_bytewise_atomic(used, bytes, 0, 1);
}

static void call_read_nothing(struct page *used)
{
	page_read_raw(used, bytes, PAGE_SIZE, 0);
}

static void call_write_nothing(struct page *used)
{
	page_write_raw(used, bytes, 0, 0);
}

static void call_fill_nothing(struct page *used)
{
	page_fill_zero(used, 7, 0);
}

static void call_copy_to(struct page *used)
{
	page_copy(used, 0, other, 0, 1);
}

static void call_copy_from(struct page *used)
{
	page_copy(other, 0, used, 0, 0);
}

static void call_copy_from_user(struct page *used)
{
	page_copy_from_user_slice(used, &reader, 0, 1);
}

static void (*const calls_of_page[])(struct page *used) = {
	call_get,          call_free,           call_nid,           call_map,          call_with_mapped,
	call_with_pointer, call_read,           call_write,         call_fill,         call_read_atomic,
	call_write_atomic, call_read_nothing,   call_write_nothing, call_fill_nothing, call_copy_to,
	call_copy_from,    call_copy_from_user,
};

#define CALLS_OF_PAGE         (sizeof(calls_of_page) / sizeof(*calls_of_page))
#define CALLS_WITHOUT_MAPPING 3 /* the first calls of the table */

/* ---- other misuse ---- */

static void unmap_older(void)
{
	void *older = page_map_local(page);

	page_map_local(other);
	page_unmap_local(older);
}

static void unmap_of_other_task(void)
{
	void *addr = page_map_local(page);
	struct page_task *task = page_task_new(API_CHILD_TASK);

	if (!task)
		_Exit(0);
	page_task_switch_out(page_task_current());
	page_task_switch_in(task);
	page_unmap_local(addr);
}

static void unmap_twice(void)
{
	void *addr = page_map_local(page);

	page_unmap_local(addr);
	page_unmap_local(addr);
}

static void unmap_stack(void)
{
	unsigned char byte;

	page_unmap_local(&byte);
}

static void unmap_stack_with_mapping(void)
{
	unsigned char byte;

	page_map_local(page);
	page_unmap_local(&byte);
}

static void unmap_end(void)
{
	page_unmap_local((unsigned char *)page_map_local(page) + PAGE_SIZE);
}

static void leave_mapping_in_callback(void)
{
	page_with_mapped(page, leave_mapping, other);
}

static void leave_mapping_in_pointer_callback(void)
{
	page_with_pointer(page, 0, 1, leave_mapping, other);
}

static void copy_with_one_free_mapping(void)
{
	map_pages(PAGE_TASK_MAPPINGS - 1);
	page_copy(page, 0, other, 0, 1);
}

static void read_freed_with_all_mappings(void)
{
	map_pages(PAGE_TASK_MAPPINGS);
	page_read_raw(freed, bytes, 0, 1);
}

static unsigned char *alloc_buffer(size_t size)
{
	unsigned char *buffer = page_buffer_alloc(size);

	if (!buffer)
		_Exit(0);
	return buffer;
}

static void free_page_of_buffer(void)
{
	page_free(page_borrow(alloc_buffer(2 * PAGE_SIZE) + PAGE_SIZE));
}

static void free_buffer_twice(void)
{
	unsigned char *buffer = alloc_buffer(PAGE_SIZE);

	page_buffer_free(buffer);
	page_buffer_free(buffer);
}

static void size_of_freed_buffer(void)
{
	unsigned char *buffer = alloc_buffer(3);

	page_buffer_free(buffer);
	page_buffer_size(buffer);
}

static void next_of_freed_buffer(void)
{
	unsigned char *buffer = alloc_buffer(3);

	page_buffer_free(buffer);
	page_buffer_next(buffer, NULL);
}

static void borrow_from_freed_buffer(void)
{
	unsigned char *buffer = alloc_buffer(3);

	page_buffer_free(buffer);
	page_borrow(buffer + 1);
}

static void free_middle_of_buffer(void)
{
	page_buffer_free(alloc_buffer(3 * PAGE_SIZE) + PAGE_SIZE);
}

static void free_second_byte_of_buffer(void)
{
	page_buffer_free(alloc_buffer(3 * PAGE_SIZE) + 1);
}

static void size_of_stack(void)
{
	page_buffer_size(bytes);
}

static void free_stack_as_buffer(void)
{
	page_buffer_free(bytes);
}

static void next_of_page(void)
{
	page_buffer_next(page_canonical(page_map_local(page)), NULL);
}

/* ---- addresses that are not valid: with the backend `alias`, an access ends the process ---- */

static void touch_byte(volatile unsigned char *addr)
{
	*addr = *addr;
}

static void access_after_unmap(void)
{
	unsigned char *addr = page_map_local(page);

	page_unmap_local(addr);
	touch_byte(addr);
}

static void access_after_unmap_and_map(void)
{
	unsigned char *addr = page_map_local(page);

	page_unmap_local(addr);
	page_map_local(page);
	touch_byte(addr + PAGE_SIZE - 1);
}

static void access_below(void)
{
	touch_byte((unsigned char *)page_map_local(page) - 1);
}

static void access_end(void)
{
	touch_byte((unsigned char *)page_map_local(page) + PAGE_SIZE);
}

static void access_after_switch_out(void)
{
	unsigned char *addr = page_map_local(page);

	page_task_switch_out(page_task_current());
	touch_byte(addr);
}

static void access_own_after_switch_out(void)
{
	unsigned char *addr;

	page_task_switch_out(page_task_current());
	page_task_switch_in(NULL);
	if (page_task_depth(page_task_current()) == PAGE_TASK_MAPPINGS)
		abort();
	addr = page_map_local(page);
	page_task_switch_out(NULL);
	touch_byte(addr);
}

static void access_after_delete(void)
{
	unsigned char *addr = page_map_local(page);

	page_task_delete(page_task_current());
	touch_byte(addr);
}

static unsigned char *older_mapping, *newer_mapping;

static void map_twice_and_free(void)
{
	older_mapping = page_map_local(page);
	newer_mapping = page_map_local(page);
	page_free(page);
}

static void access_older_of_freed(void)
{
	map_twice_and_free();
	touch_byte(older_mapping);
}

static void access_newer_of_freed(void)
{
	map_twice_and_free();
	touch_byte(newer_mapping);
}

static void access_freed_of_other_task(void)
{
	struct page_task *task = page_task_new(API_CHILD_TASK);

	if (!task)
		_Exit(0);
	older_mapping = page_map_local(page);
	/* The task that frees the page is current only by the switch; the other one stays switched in. */
	page_task_switch_in(task);
	page_free(page);
	touch_byte(older_mapping);
}

static void access_freed_after_switch_in(void)
{
	struct page_task *task = page_task_current();

	older_mapping = page_map_local(page);
	page_task_switch_out(task);
	page_free(page);
	page_task_switch_in(task);
	touch_byte(older_mapping);
}

static void *map_in_thread(void *unused)
{
	(void)unused;
	return page_map_local(page);
}

/* The mappings of a thread are removed when the thread ends. [P233] */
static void access_after_end_of_thread(void)
{
	pthread_t thread;
	void *addr = bytes;

	if (!pthread_create(&thread, NULL, map_in_thread, NULL))
		pthread_join(thread, &addr);
	touch_byte(addr);
}

/* With AddressSanitizer, also the bytes of a freed page at its own address. [P45] [P69] */
static void access_freed_page(void)
{
	unsigned char *addr = page_canonical(page_map_local(page));

	page_free(page);
	touch_byte(addr);
}

/* ---- page_kernel.h: a range that is not good ends the process. [P295] ---- */

static void kernel_read_beyond(void)
{
	memcpy_from_page((char *)bytes, page, 1, PAGE_SIZE);
}

static void kernel_write_beyond(void)
{
	memcpy_to_page(page, PAGE_SIZE, (const char *)bytes, 1);
}

static void kernel_zero_beyond(void)
{
	memzero_page(page, PAGE_SIZE - 1, 2);
}

static void kernel_set_beyond(void)
{
	memset_page(page, 1, 1, PAGE_SIZE);
}

static void kernel_copy_beyond(void)
{
	memcpy_page(page, 1, other, 0, PAGE_SIZE);
}

enum needs { ALWAYS, NEEDS_ALIAS, NEEDS_ALIAS_AND_THREAD, NEEDS_ASAN };

/* @rule: the rule of the report; NULL: the process ends by a signal or by a sanitizer's report. */
static const struct misuse_kind {
	void (*fn)(void);
	const char *rule;
	enum needs needs;
} kinds[] = {
	{ unmap_older, "unmap-order", ALWAYS },
	{ unmap_of_other_task, "foreign-map", ALWAYS },
	{ unmap_twice, "use-after-unmap", ALWAYS },
	{ unmap_stack, "foreign-map", ALWAYS },
	{ unmap_stack_with_mapping, "foreign-map", ALWAYS },
	{ unmap_end, "", ALWAYS },
	{ leave_mapping_in_callback, "unmap-order", ALWAYS },
	{ leave_mapping_in_pointer_callback, "unmap-order", ALWAYS },
	{ copy_with_one_free_mapping, "map-overflow", ALWAYS },
	{ read_freed_with_all_mappings, "use-after-free", ALWAYS },
	{ free_page_of_buffer, "borrowed-free", ALWAYS },
	{ free_buffer_twice, "use-after-free", ALWAYS },
	{ size_of_freed_buffer, "use-after-free", ALWAYS },
	{ next_of_freed_buffer, "use-after-free", ALWAYS },
	{ borrow_from_freed_buffer, "use-after-free", ALWAYS },
	{ free_middle_of_buffer, "foreign-map", ALWAYS },
	{ free_second_byte_of_buffer, "foreign-map", ALWAYS },
	{ size_of_stack, "foreign-map", ALWAYS },
	{ free_stack_as_buffer, "foreign-map", ALWAYS },
	{ next_of_page, "foreign-map", ALWAYS },
	{ access_after_unmap, NULL, NEEDS_ALIAS },
	{ access_after_unmap_and_map, NULL, NEEDS_ALIAS },
	{ access_below, NULL, NEEDS_ALIAS },
	{ access_end, NULL, NEEDS_ALIAS },
	{ access_after_switch_out, NULL, NEEDS_ALIAS },
	{ access_own_after_switch_out, NULL, NEEDS_ALIAS },
	{ access_after_delete, NULL, NEEDS_ALIAS },
	{ access_older_of_freed, NULL, NEEDS_ALIAS },
	{ access_newer_of_freed, NULL, NEEDS_ALIAS },
	{ access_freed_of_other_task, NULL, NEEDS_ALIAS },
	{ access_freed_after_switch_in, NULL, NEEDS_ALIAS },
	{ access_after_end_of_thread, NULL, NEEDS_ALIAS_AND_THREAD },
	{ access_freed_page, NULL, NEEDS_ASAN },
	{ kernel_read_beyond, NULL, ALWAYS },
	{ kernel_write_beyond, NULL, ALWAYS },
	{ kernel_zero_beyond, NULL, ALWAYS },
	{ kernel_set_beyond, NULL, ALWAYS },
	{ kernel_copy_beyond, NULL, ALWAYS },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void run_kind(void *ctx)
{
	const struct misuse_kind *kind = ctx;

	set_up();
	kind->fn();
}

static void use_freed_page(void *ctx)
{
	set_up();
	calls_of_page[(uintptr_t)ctx](freed);
}

static void use_page_with_all_mappings(void *ctx)
{
	set_up();
	map_pages(PAGE_TASK_MAPPINGS);
	calls_of_page[(uintptr_t)ctx](page);
}

static bool is_possible(enum needs needs)
{
	switch (needs) {
	case NEEDS_ALIAS:
		return api_is_alias();
	case NEEDS_ALIAS_AND_THREAD:
		return api_is_alias() && api_can_child_start_thread();
	case NEEDS_ASAN:
		return detector_has_asan();
	default:
		return true;
	}
}

static void run_kind_in_child(size_t kind)
{
	static unsigned int counts[KINDS];
	const char *rule = kinds[kind].rule;

	if (is_possible(kinds[kind].needs))
		api_maybe_check_misuse(&counts[kind], run_kind, (void *)(uintptr_t)&kinds[kind],
				       rule && *rule ? rule : NULL, !rule || detector_has_asan());
}

#define ALL_KINDS (KINDS + 2 * CALLS_OF_PAGE - CALLS_WITHOUT_MAPPING)

/* With AddressSanitizer, a sanitizer may report the access to a freed page before the library does. */
static void run_any_kind_in_child(size_t i)
{
	static unsigned int freed_counts[CALLS_OF_PAGE], overflow_counts[CALLS_OF_PAGE];
	uintptr_t used;

	if (i < KINDS) {
		run_kind_in_child(i);
	} else if (i < KINDS + CALLS_OF_PAGE) {
		used = i - KINDS;
		api_maybe_check_misuse(&freed_counts[used], use_freed_page, (void *)used, "use-after-free",
				       detector_has_asan());
	} else {
		used = i - KINDS - CALLS_OF_PAGE + CALLS_WITHOUT_MAPPING;
		api_maybe_check_misuse(&overflow_counts[used], use_page_with_all_mappings, (void *)used,
				       "map-overflow", false);
	}
}

/* The kinds of one call; together, few calls test all kinds. */
#define KINDS_PER_CALL 8

void api_run_misuse(const struct api_call *call)
{
	for (size_t i = 0; i < KINDS_PER_CALL; i++)
		run_any_kind_in_child((call->numbers[0] + i) % ALL_KINDS);
}

NO_COVERAGE_END
