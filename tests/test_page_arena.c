/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests internals of the arena, which page.h does not promise: which locks a call waits for, from which list
 * a frame comes, and that the last frame can be allocated.
 */
#include <signal.h>
#include <stdatomic.h>

#include "page/alias.h"
#include "page/free_list.h"
#include "tests/page_test.h"

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

/* ---- calls wait for locks ---- */

static void lock_free_lists(void)
{
	for (unsigned int i = 0; i < FREE_LISTS; i++)
		sync_spin_lock(&free_lists[i].lock);
}

static void unlock_free_lists(void)
{
	for (unsigned int i = 0; i < FREE_LISTS; i++)
		sync_spin_unlock(&free_lists[i].lock);
}

/* The last list, which is not the list of the first threads. */
ACTION(lock_last_free_list, sync_spin_lock(&free_lists[FREE_LISTS - 1].lock))
ACTION(unlock_last_free_list, sync_spin_unlock(&free_lists[FREE_LISTS - 1].lock))

static struct page *page;
static struct page_task *task;

ACTION(prepare_page, page = alloc_zeroed_page())
ACTION(prepare_no_free_frames, abort_unless(page_buffer_alloc(ARENA_SIZE)))

static void prepare_task_with_mapping(void)
{
	prepare_page();
	task = page_task_new("mapper");
	page_task_switch_in(task);
	page_map_local(page);
	page_task_switch_in(NULL);
}

ACTION(allocate_page, page_alloc(GFP_KERNEL))
ACTION(allocate_buffer, page_buffer_alloc(2 * PAGE_SIZE))
ACTION(free_page, page_free(page))
ACTION(map_page, page_map_local(page))
ACTION(delete_task, page_task_delete(task))

static atomic_bool is_lock_held;

static void end_process_at_report(int signal_number)
{
	(void)signal_number;
	_exit(is_lock_held);
}

/* In a new thread, which has no task of its own, and so does not add one to the list. */
ACTION(unmap_unknown_address, signal(SIGABRT, end_process_at_report), page_task_switch_in(task),
       page_unmap_local((void *)&page))
ACTION(create_task, page_task_new("new"))

/* A case calls prepare(); while one thread has the lock, another thread calls act(), which must wait. */
static const struct lock_case {
	void (*prepare)(void);
	void (*lock)(void), (*unlock)(void);
	void (*act)(void);
	const char *check_name;
} lock_cases[] = {
	{ prepare_page, arena_lock, arena_unlock, allocate_buffer,
	  "the allocation of a buffer waits for the lock of the arena" },
	{ prepare_page, lock_free_lists, unlock_free_lists, allocate_page,
	  "the allocation of a page waits for the lock of a free list" },
	{ prepare_page, lock_free_lists, unlock_free_lists, free_page,
	  "the free of a page waits for the lock of a free list" },
	{ prepare_no_free_frames, lock_last_free_list, unlock_last_free_list, allocate_page,
	  "without free frames, an allocation waits for the locks of other free lists" },
	{ prepare_no_free_frames, lock_last_free_list, unlock_last_free_list, allocate_buffer,
	  "without free frames, the allocation of a buffer waits for the locks of all free lists" },
	{ prepare_page, alias_sets_lock, alias_sets_unlock, map_page,
	  "the first mapping of a task waits for the lock of the sets" },
	{ prepare_task_with_mapping, alias_sets_lock, alias_sets_unlock, delete_task,
	  "page_task_delete waits for the lock of the sets" },
	{ prepare_task_with_mapping, task_list_lock, task_list_unlock, create_task,
	  "page_task_new waits for the lock of the list of tasks" },
	{ prepare_task_with_mapping, task_list_lock, task_list_unlock, delete_task,
	  "page_task_delete waits for the lock of the list of tasks" },
	{ prepare_task_with_mapping, task_list_lock, task_list_unlock, free_page,
	  "the free of a page waits for the lock of the list of tasks" },
	{ prepare_task_with_mapping, task_list_lock, task_list_unlock, unmap_unknown_address,
	  "a report that searches all mappings waits for the lock of the list of tasks" },
};

static const struct lock_case *lock_case;

static void *act_and_check_lock(void *unused)
{
	lock_case->act();
	abort_unless(!is_lock_held);
	return unused;
}

/* The wait is as long as a call certainly needs that does not wait for the lock. */
static void act_while_lock_is_held(void)
{
	pthread_t thread;

	abort_unless(!page_map_backend_set("alias"));
	lock_case->prepare();
	lock_case->lock();
	is_lock_held = true;
	thread = start_thread_or_abort(act_and_check_lock, NULL);
	usleep(30000);
	is_lock_held = false;
	lock_case->unlock();
	pthread_join(thread, NULL);
}

static void test_calls_wait_for_locks(void)
{
	for (size_t i = 0; i < COUNT(lock_cases); i++) {
		const struct isolated *result;

		lock_case = &lock_cases[i];
		result = run_in_child(act_while_lock_is_held);
		check_child_result(!result->exit_code, lock_case->check_name, RETURNS, result);
	}
}

/* ---- frames ---- */

static bool frame_is_of_own_list(const struct page *of_frame)
{
	return free_list_find_by_frame((size_t)(of_frame - arena_pages)) == free_list_own();
}

static void *require_frames_of_own_list(void *unused)
{
	const struct page *new = alloc_zeroed_page();
	const unsigned char *buffer = page_buffer_alloc(2 * PAGE_SIZE);

	abort_unless(frame_is_of_own_list(new) && frame_is_of_own_list(arena_page(buffer)) &&
		     frame_is_of_own_list(arena_page(buffer + PAGE_SIZE)));
	return unused;
}

/* The free list of the main thread has never-allocated frames, which the other thread must not get. */
static void allocate_on_two_threads(void)
{
	const struct page *of_main[FREE_LIST_CHUNK / 2];

	for (size_t i = 0; i < COUNT(of_main); i++)
		of_main[i] = alloc_zeroed_page();
	require_frames_of_own_list(NULL);
	run_thread_and_wait(require_frames_of_own_list, NULL);
	for (size_t i = 0; i < COUNT(of_main); i++)
		abort_unless(frame_is_of_own_list(of_main[i]));
}

static void allocate_last_frame(void)
{
	abort_unless(page_buffer_alloc(ARENA_SIZE - PAGE_SIZE));
	abort_unless(alloc_zeroed_page() && !alloc_zeroed_page());
}

/* Uses the first page after all frames but @left_frame_count were taken: its struct page is not poisoned. */
static void use_page_with_few_frames_left(size_t left_frame_count)
{
	struct page *first = alloc_zeroed_page();

	abort_unless(page_buffer_alloc((ARENA_FRAMES - FREE_LIST_CHUNK - left_frame_count) * PAGE_SIZE));
	abort_unless(page_ref_count(first) == 1 && !page_fill_zero(first, 0, PAGE_SIZE));
	page_free(first);
}

ACTION(use_page_with_no_frame_left, use_page_with_few_frames_left(0))
ACTION(use_page_with_one_frame_left, use_page_with_few_frames_left(1))

/* Each page is the last one that was allocated, also if its frame is the last one of a chunk. */
static void require_next_frame_to_be_poisoned(void)
{
	for (unsigned int i = 0; i < 2 * FREE_LIST_CHUNK; i++) {
		const struct page *new = alloc_zeroed_page();

		abort_unless(sync_is_poisoned(new + 1) && sync_is_poisoned(arena_address(new + 1)));
	}
}

/* The struct page is poisoned too, so AddressSanitizer also reports calls that only read the reference count.
 */
static void require_freed_page_to_be_poisoned(void)
{
	struct page *freed = alloc_zeroed_page();

	abort_unless(!SYNC_POISONS || (!sync_is_poisoned(freed) && !sync_is_poisoned(arena_address(freed))));
	page_free(freed);
	abort_unless(sync_is_poisoned(freed) && sync_is_poisoned(arena_address(freed)));
}

/* Each page of the largest buffer has its index, and the buffer has all pages. */
static void require_all_pages_of_largest_buffer(void)
{
	const unsigned char *buffer = page_buffer_alloc(ARENA_SIZE);
	const struct page *last = NULL;

	abort_unless(buffer == arena_frames && page_buffer_size(buffer) == ARENA_SIZE);
	for (size_t i = 0; i < ARENA_FRAMES; i++) {
		last = page_buffer_next(buffer, last);
		abort_unless(last == arena_pages + i && page_borrow(buffer + i * PAGE_SIZE) == last);
	}
	abort_unless(!page_buffer_next(buffer, last));
}

static void require_no_page_after_last_frame(void)
{
	const unsigned char *end;

	alloc_zeroed_page();
	end = arena_frames + ARENA_SIZE;
	abort_unless(page_canonical(end - 1) == end - 1 && !page_canonical(end) && !page_borrow(end));
}

/* ---- free lists ---- */

static void *record_own_list(void *list)
{
	*(const struct free_list **)list = free_list_own();
	return NULL;
}

/* Return: the list of a thread that starts now. */
static const struct free_list *find_list_of_new_thread(void)
{
	const struct free_list *list;

	run_thread_and_wait(record_own_list, &list);
	return list;
}

static void require_different_lists(void)
{
	const struct free_list *lists[FREE_LISTS];

	for (unsigned int i = 0; i < FREE_LISTS; i++) {
		lists[i] = find_list_of_new_thread();
		for (unsigned int j = 0; j < i; j++)
			abort_unless(lists[j] != lists[i]);
	}
}

/* A CPU may have cache lines of 128 bytes. */
static void require_lists_in_different_cache_lines(void)
{
	abort_unless((uintptr_t)free_lists % 128 == 0 && sizeof(*free_lists) % 128 == 0);
}

static struct page *given[ARENA_QUARANTINE + 6];

static void *free_given_pages(void *unused)
{
	for (size_t i = 0; i < COUNT(given); i++)
		page_free(given[i]);
	return unused;
}

/* The kept page has frame 0, so the oldest frame of the list is another one. */
static void reuse_pages_that_other_thread_freed(void)
{
	struct page *kept = alloc_zeroed_page();

	for (size_t i = 0; i < COUNT(given); i++)
		given[i] = alloc_zeroed_page();
	run_thread_and_wait(free_given_pages, NULL);
	for (size_t i = 0; i < COUNT(given) - ARENA_QUARANTINE; i++)
		abort_unless(alloc_zeroed_page() == given[i]);
	abort_unless(alloc_zeroed_page() > given[COUNT(given) - 1] && page_ref_count(kept) == 1);
}

/* ---- contiguous frames that were freed ---- */

/* The number of frames that the other thread takes, and that return to its list. */
#define FRAMES_OF_OTHER (10 * FREE_LIST_CHUNK)

/* Frames of the other thread that are not contiguous, and begin after frame 2. */
#define SINGLE_FRAMES  (ARENA_QUARANTINE + 2)
#define SINGLE_PAGE(i) (arena_pages + 3 + 2 * (i))

static struct free_list *list_of_other;

/* The list counts its frees in 64 bits: the free of frame 0 is number 2^32 - 1, and that of frame 1 is 2^32.
 */
static void *take_frames_of_other(void *unused)
{
	for (size_t i = 0; i < FRAMES_OF_OTHER; i++)
		abort_unless(alloc_zeroed_page() == arena_pages + i);
	list_of_other = free_list_own();
	list_of_other->free_count = UINT32_MAX - 3;
	return unused;
}

/* Takes all frames, and frees two single frames, the frames 0 and 1, and all other single frames but the
 * last.
 */
static void free_contiguous_frames_among_others(void)
{
	run_thread_and_wait(take_frames_of_other, NULL);
	while (page_alloc(GFP_KERNEL))
		;
	page_free(SINGLE_PAGE(0));
	page_free(SINGLE_PAGE(1));
	page_free(arena_pages);
	page_free(arena_pages + 1);
	for (size_t i = 2; i < SINGLE_FRAMES - 1; i++)
		page_free(SINGLE_PAGE(i));
}

/* The frames that remain leave the list in the order of their frees. */
static void require_single_frames_in_order(void)
{
	struct page *new = page_alloc(GFP_KERNEL);

	abort_unless(new == SINGLE_PAGE(0) && page_alloc(GFP_KERNEL) == SINGLE_PAGE(1));
	abort_unless(!page_alloc(GFP_KERNEL));
	for (size_t i = 2; i < SINGLE_FRAMES; i++) {
		page_free(new);
		new = page_alloc(GFP_KERNEL);
		abort_unless(new == SINGLE_PAGE(i));
	}
}

/* Frame 1 completes its quarantine with the free of the last single frame. */
static void allocate_buffer_of_freed_frames(void)
{
	free_contiguous_frames_among_others();
	abort_unless(!page_buffer_alloc(2 * PAGE_SIZE));
	page_free(SINGLE_PAGE(SINGLE_FRAMES - 1));
	abort_unless(page_buffer_alloc(2 * PAGE_SIZE) == arena_frames);
	abort_unless(frame_is_of_own_list(arena_pages) && frame_is_of_own_list(arena_pages + 1));
	abort_unless(free_list_find_by_frame(2) == list_of_other && list_of_other != free_list_own());
	require_single_frames_in_order();
}

static const struct child_case frame_cases[] = {
	{ allocate_on_two_threads, RETURNS, "a thread gets the frames of its own free list" },
	/* [P49] */
	{ allocate_last_frame, RETURNS, "the last frame of the arena can be allocated" },
	{ use_page_with_no_frame_left, RETURNS, "a page can be used if all frames are in use" },
	{ use_page_with_one_frame_left, RETURNS, "a page can be used if one frame is left" },
	/* [P69] */
	{ require_next_frame_to_be_poisoned, RETURNS, "AddressSanitizer reports accesses after a new page" },
	/* [P60] */
	{ require_freed_page_to_be_poisoned, RETURNS, "AddressSanitizer reports the use of a freed page" },
	/* [P214] [P224] [P212] */
	{ require_all_pages_of_largest_buffer, RETURNS, "a buffer can have all pages" },
	/* [P108] [P221] */
	{ require_no_page_after_last_frame, RETURNS, "the address after the last frame is in no page" },
	{ require_different_lists, RETURNS, "threads that start one after the other have different lists" },
	{ require_lists_in_different_cache_lines, RETURNS, "no two free lists share a cache line" },
	/* [P44] [P56] */
	{ reuse_pages_that_other_thread_freed, RETURNS,
	  "pages that another thread freed are reused in the order of the frees" },
	{ allocate_buffer_of_freed_frames, RETURNS,
	  "a buffer gets contiguous freed frames directly after their quarantine" },
};

UNIT_TEST(test_page_arena)
{
	test_calls_wait_for_locks();
	CHECK_CHILDREN(frame_cases);
}
