/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests internals of the arena, which page.h does not promise: which locks a call waits for, from which list
 * a frame comes, and that the last frame can be allocated.
 */
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
};

static const struct lock_case *lock_case;
static atomic_bool is_lock_held;

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
};

UNIT_TEST(test_page_arena)
{
	test_calls_wait_for_locks();
	CHECK_CHILDREN(frame_cases);
}
