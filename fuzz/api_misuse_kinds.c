/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The kinds of misuse. Each call of page.h that uses a page is there with a freed page, and each call that
 * maps a page with all mappings of the task in use.
 */
#include "fuzz/api_misuse.h"

#include <pthread.h>

#include "fuzz/api.h"
#include "harness/detect/detector.h"
#include "harness/detect/report_catch.h"
#include "harness/library.h"
#include "harness/util/no_coverage.h"
#include "page/page_kernel.h"

NO_COVERAGE_BEGIN

/* Made by set_up(). */
static struct page *page, *other, *freed;
static unsigned char bytes[PAGE_SIZE];
static struct user_slice_reader reader;

/* The library reports the use of a freed page, so AddressSanitizer must not report it first. */
static void unpoison_freed(const struct page *freed_page)
{
	if (library_get()->calls_bug_hook)
		detector_set_poisoned(freed_page, STRUCT_PAGE_SIZE, false);
}

static void set_up(void)
{
	api_child_start_new_task();
	page = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	freed = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
	api_child_expect(page && other && freed, "page_alloc failed");
	page_free(freed);
	unpoison_freed(freed);
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

/* CALL(name, whether it maps the page `used`, the call) */
#define CALLS_OF_PAGE(CALL)                                                             \
	CALL(get, false, page_get(used))                                                \
	CALL(free, false, page_free(used))                                              \
	CALL(nid, false, page_nid(used))                                                \
	CALL(map, true, page_map_local(used))                                           \
	CALL(with_mapped, true, page_with_mapped(used, return_0, NULL))                 \
	CALL(with_pointer, true, page_with_pointer(used, PAGE_SIZE, 0, return_0, NULL)) \
	CALL(read, true, page_read_raw(used, bytes, 0, 1))                              \
	CALL(write, true, page_write_raw(used, bytes, 0, 1))                            \
	CALL(fill, true, page_fill_zero(used, 0, 1))                                    \
	CALL(read_atomic, true, page_read_bytewise_atomic(used, bytes, 0, 1))           \
	CALL(write_atomic, true, page_write_bytewise_atomic(used, bytes, 0, 1))         \
	CALL(read_nothing, true, page_read_raw(used, bytes, PAGE_SIZE, 0))              \
	CALL(write_nothing, true, page_write_raw(used, bytes, 0, 0))                    \
	CALL(fill_nothing, true, page_fill_zero(used, 7, 0))                            \
	CALL(copy_to, true, page_copy(used, 0, other, 0, 1))                            \
	CALL(copy_from, true, page_copy(other, 0, used, 0, 0))                          \
	CALL(copy_from_user, true, page_copy_from_user_slice(used, &reader, 0, 1))

#define DEFINE_CALL(name, maps, statement)         \
	static void call_##name(struct page *used) \
	{                                          \
		statement;                         \
	}
CALLS_OF_PAGE(DEFINE_CALL)

#define CALL_ROW(name, maps, statement) { "call_" #name, call_##name, maps },

static const struct call_of_page {
	const char *name;
	void (*fn)(struct page *used);
	bool maps;
} calls_of_page[] = { CALLS_OF_PAGE(CALL_ROW) };

#define CALL_COUNT (sizeof(calls_of_page) / sizeof(*calls_of_page))

#define NAMED(fn) #fn, fn

/* ---- other misuse ---- */

#define MISUSE(name, statement) \
	static void name(void)  \
	{                       \
		statement;      \
	}

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

	api_child_expect(task, "page_task_new failed");
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

MISUSE(unmap_end, page_unmap_local((unsigned char *)page_map_local(page) + PAGE_SIZE))
MISUSE(leave_mapping_in_callback, page_with_mapped(page, leave_mapping, other))
MISUSE(leave_mapping_in_pointer_callback, page_with_pointer(page, 0, 1, leave_mapping, other))

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

	api_child_expect(buffer, "page_buffer_alloc failed");
	return buffer;
}

MISUSE(free_page_of_buffer, page_free(page_borrow(alloc_buffer(2 * PAGE_SIZE) + PAGE_SIZE)))

static unsigned char *alloc_and_free_buffer(void)
{
	unsigned char *buffer = alloc_buffer(3);
	const struct page *first = page_borrow(buffer);

	page_buffer_free(buffer);
	unpoison_freed(first);
	return buffer;
}

MISUSE(free_buffer_twice, page_buffer_free(alloc_and_free_buffer()))
MISUSE(size_of_freed_buffer, page_buffer_size(alloc_and_free_buffer()))
MISUSE(next_of_freed_buffer, page_buffer_next(alloc_and_free_buffer(), NULL))
MISUSE(borrow_from_freed_buffer, page_borrow(alloc_and_free_buffer() + 1))
MISUSE(free_middle_of_buffer, page_buffer_free(alloc_buffer(3 * PAGE_SIZE) + PAGE_SIZE))
MISUSE(free_second_byte_of_buffer, page_buffer_free(alloc_buffer(3 * PAGE_SIZE) + 1))
MISUSE(size_of_other_memory, page_buffer_size(bytes))
MISUSE(free_other_memory, page_buffer_free(bytes))
MISUSE(next_of_page, page_buffer_next(page_canonical(page_map_local(page)), NULL))

/* ---- addresses that are not valid: with the backend `alias`, an access ends the process ---- */

static void touch_byte(volatile unsigned char *addr)
{
	api_child_begin_misuse();
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

MISUSE(access_below, touch_byte((unsigned char *)page_map_local(page) - 1))
MISUSE(access_end, touch_byte((unsigned char *)page_map_local(page) + PAGE_SIZE))

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
	/* The input may have used up the mappings of the thread's own task. */
	if (page_task_depth(page_task_current()) == PAGE_TASK_MAPPINGS) {
		api_child_start_new_task();
		access_after_switch_out();
		return;
	}
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

	api_child_expect(task, "page_task_new failed");
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

#define KERNEL_MISUSE(name, statement) MISUSE(name, api_child_begin_misuse(); statement)

KERNEL_MISUSE(kernel_read_beyond, memcpy_from_page((char *)bytes, page, 1, PAGE_SIZE))
KERNEL_MISUSE(kernel_write_beyond, memcpy_to_page(page, PAGE_SIZE, (const char *)bytes, 1))
KERNEL_MISUSE(kernel_zero_beyond, memzero_page(page, PAGE_SIZE - 1, 2))
KERNEL_MISUSE(kernel_set_beyond, memset_page(page, 1, 1, PAGE_SIZE))
KERNEL_MISUSE(kernel_copy_beyond, memcpy_page(page, 1, other, 0, PAGE_SIZE))

enum needs { ALWAYS, NEEDS_ALIAS, NEEDS_ALIAS_AND_THREAD, NEEDS_ASAN };

/* @rule: as misuse_get_rule() */
static const struct misuse_kind {
	const char *name;
	void (*fn)(void);
	const char *rule;
	enum needs needs;
} kinds[] = {
	{ NAMED(unmap_older), "unmap-order", ALWAYS },
	{ NAMED(unmap_of_other_task), "foreign-map", ALWAYS },
	{ NAMED(unmap_twice), "use-after-unmap", ALWAYS },
	{ NAMED(unmap_stack), "foreign-map", ALWAYS },
	{ NAMED(unmap_stack_with_mapping), "foreign-map", ALWAYS },
	{ NAMED(unmap_end), "", ALWAYS },
	{ NAMED(leave_mapping_in_callback), "unmap-order", ALWAYS },
	{ NAMED(leave_mapping_in_pointer_callback), "unmap-order", ALWAYS },
	{ NAMED(copy_with_one_free_mapping), "map-overflow", ALWAYS },
	{ NAMED(read_freed_with_all_mappings), "use-after-free", ALWAYS },
	{ NAMED(free_page_of_buffer), "borrowed-free", ALWAYS },
	{ NAMED(free_buffer_twice), "use-after-free", ALWAYS },
	{ NAMED(size_of_freed_buffer), "use-after-free", ALWAYS },
	{ NAMED(next_of_freed_buffer), "use-after-free", ALWAYS },
	{ NAMED(borrow_from_freed_buffer), "use-after-free", ALWAYS },
	{ NAMED(free_middle_of_buffer), "foreign-map", ALWAYS },
	{ NAMED(free_second_byte_of_buffer), "foreign-map", ALWAYS },
	{ NAMED(size_of_other_memory), "foreign-map", ALWAYS },
	{ NAMED(free_other_memory), "foreign-map", ALWAYS },
	{ NAMED(next_of_page), "foreign-map", ALWAYS },
	{ NAMED(access_after_unmap), NULL, NEEDS_ALIAS },
	{ NAMED(access_after_unmap_and_map), NULL, NEEDS_ALIAS },
	{ NAMED(access_below), NULL, NEEDS_ALIAS },
	{ NAMED(access_end), NULL, NEEDS_ALIAS },
	{ NAMED(access_after_switch_out), NULL, NEEDS_ALIAS },
	{ NAMED(access_own_after_switch_out), NULL, NEEDS_ALIAS },
	{ NAMED(access_after_delete), NULL, NEEDS_ALIAS },
	{ NAMED(access_older_of_freed), NULL, NEEDS_ALIAS },
	{ NAMED(access_newer_of_freed), NULL, NEEDS_ALIAS },
	{ NAMED(access_freed_of_other_task), NULL, NEEDS_ALIAS },
	{ NAMED(access_freed_after_switch_in), NULL, NEEDS_ALIAS },
	{ NAMED(access_after_end_of_thread), NULL, NEEDS_ALIAS_AND_THREAD },
	{ NAMED(access_freed_page), NULL, NEEDS_ASAN },
	{ NAMED(kernel_read_beyond), NULL, ALWAYS },
	{ NAMED(kernel_write_beyond), NULL, ALWAYS },
	{ NAMED(kernel_zero_beyond), NULL, ALWAYS },
	{ NAMED(kernel_set_beyond), NULL, ALWAYS },
	{ NAMED(kernel_copy_beyond), NULL, ALWAYS },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* The kinds are `kinds`, then the calls with a freed page, then the calls with all mappings in use. */
#define FIRST_WITH_FREED_PAGE   KINDS
#define FIRST_WITH_ALL_MAPPINGS (KINDS + CALL_COUNT)
#define ALL_KINDS               (KINDS + 2 * CALL_COUNT)

const size_t misuse_kind_count = ALL_KINDS;

_Static_assert(ALL_KINDS <= MISUSE_KINDS_MAX, "MISUSE_KINDS_MAX is too small");

/* Return: the call of a kind that is not in the table `kinds`. */
static const struct call_of_page *get_call(size_t kind)
{
	return &calls_of_page[(kind - KINDS) % CALL_COUNT];
}

void misuse_run_kind(void *ctx)
{
	size_t kind = (uintptr_t)ctx;

	set_up();
	if (kind < FIRST_WITH_FREED_PAGE) {
		kinds[kind].fn();
	} else if (kind < FIRST_WITH_ALL_MAPPINGS) {
		get_call(kind)->fn(freed);
	} else {
		map_pages(PAGE_TASK_MAPPINGS);
		get_call(kind)->fn(page);
	}
}

const char *misuse_get_rule(size_t kind)
{
	if (kind < FIRST_WITH_FREED_PAGE)
		return kinds[kind].rule;
	return kind < FIRST_WITH_ALL_MAPPINGS ? "use-after-free" : "map-overflow";
}

const char *misuse_get_name(size_t kind)
{
	return kind < KINDS ? kinds[kind].name : get_call(kind)->name;
}

bool misuse_must_end_process(size_t kind)
{
	if (kind >= FIRST_WITH_ALL_MAPPINGS && !get_call(kind)->maps)
		return false;
	switch (kind < KINDS ? kinds[kind].needs : ALWAYS) {
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

NO_COVERAGE_END
