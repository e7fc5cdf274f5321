/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests that a child of fork() can use the library, whatever other threads of the parent do at that moment. A
 * child that waits for ever is ended by a signal.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "page/alias.h"
#include "page/free_list.h"
#include "tests/page_test.h"

/* A child needs milliseconds. The suite of seeded bugs stops a test of the flavour plain after 60 seconds. */
#if defined(SYNC_ASAN) || defined(SYNC_TSAN) || defined(SYNC_MSAN)
#define CHILD_SECONDS 60
#else
#define CHILD_SECONDS 5
#endif

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

/* Set while another thread has a lock that fork() must wait for. */
static atomic_bool is_lock_held;

/* Runs @run in a child of fork(). Return: the wait status of the child. */
static int fork_and_wait(void (*run)(void))
{
	int wait_status = -1;
	pid_t pid = fork();

	abort_unless(!is_lock_held);
	if (!pid) {
		alarm(CHILD_SECONDS);
		run();
		/* In _exit(), ThreadSanitizer would report the parent's threads that the child cannot join.
		 */
		syscall(SYS_exit_group, 0);
	}
	abort_unless(pid > 0 && waitpid(pid, &wait_status, 0) == pid);
	return wait_status;
}

static void use_page_and_task(void)
{
	struct page *page = alloc_zeroed_page();
	struct page_task *task = page_task_new("test");

	abort_unless(page && task);
	page_task_switch_in(task);
	page_unmap_local(page_map_local(page));
	page_task_switch_out(task);
	page_task_delete(task);
	page_free(page);
}

static void use_library(void)
{
	void *buffer = page_buffer_alloc(3 * PAGE_SIZE);

	abort_unless(buffer);
	page_buffer_free(buffer);
	use_page_and_task();
}

/* ---- a lock is taken ---- */

static const struct lock_functions {
	void (*lock)(void), (*unlock)(void);
} * held;

static sem_t is_locked;

static void *hold_lock_for_a_moment(void *unused)
{
	sync_hidden_begin();
	held->lock();
	is_lock_held = true;
	sem_post(&is_locked);
	usleep(20000);
	is_lock_held = false;
	held->unlock();
	sync_hidden_end();
	return unused;
}

static void fork_while_lock_is_taken(void (*lock)(void), void (*unlock)(void))
{
	struct lock_functions functions = { lock, unlock };
	pthread_t thread;

	use_library();
	held = &functions;
	thread = start_thread_or_abort(hold_lock_for_a_moment, NULL);
	while (sem_wait(&is_locked))
		;
	abort_unless(!fork_and_wait(use_library));
	pthread_join(thread, NULL);
	use_library();
}

/* Only the list of tasks was used before the fork. So the program can still choose a backend afterwards. */
static void fork_before_first_page(void)
{
	abort_unless(page_task_new("first"));
	abort_unless(!fork_and_wait(use_library));
	abort_unless(!page_map_backend_set(getenv("PAGE_MAP")));
	use_library();
}

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

ACTION(fork_while_arena_is_locked, fork_while_lock_is_taken(arena_lock, arena_unlock))
ACTION(fork_while_free_lists_are_locked, fork_while_lock_is_taken(lock_free_lists, unlock_free_lists))
ACTION(fork_while_tasks_are_locked, fork_while_lock_is_taken(task_list_lock, task_list_unlock))
ACTION(fork_while_sets_are_locked, fork_while_lock_is_taken(alias_sets_lock, alias_sets_unlock))

/* ---- another thread changes its set ---- */

/* The set is as another thread's set can be at the moment of fork(): places are used, but have no page. */
static void fork_while_set_has_places_without_page(void)
{
	page_unmap_local(page_map_local(alloc_zeroed_page()));
	if (page_task_current()->aliases)
		page_task_current()->aliases->used_places = UINT32_MAX;
	abort_unless(!fork_and_wait(use_library));
}

/* ---- open files ---- */

static int descriptor_count;

/* Does not count the standard files. */
static int count_open_descriptors(void)
{
	int count = 0;

	for (int file = STDERR_FILENO + 1; file < 256; file++)
		count += fcntl(file, F_GETFD) >= 0;
	return count;
}

ACTION(require_same_descriptor_count, abort_unless(count_open_descriptors() == descriptor_count))

/* The alias backend keeps a file for the frames, and a file for each shadow memory of MemorySanitizer. */
static void fork_and_count_descriptors(void)
{
	int count_before = count_open_descriptors();

	use_library();
	descriptor_count = count_open_descriptors();
	abort_unless(descriptor_count == count_before + (backend_is("alias") ? 1 + SYNC_SHADOWS : 0));
	abort_unless(!fork_and_wait(require_same_descriptor_count));
	require_same_descriptor_count();
}

/* ---- other threads use the library ---- */

#define BUSY_THREADS 3
#define FORKS        25

static atomic_bool must_stop;

static void *use_library_until_stopped(void *unused)
{
	while (!must_stop)
		use_page_and_task();
	return unused;
}

static void fork_beside_busy_threads(void)
{
	pthread_t threads[BUSY_THREADS];

#ifdef SYNC_TSAN
	/* ThreadSanitizer's pthread_once() waits for ever in a child if a thread was in it at fork(). */
	use_library();
#endif
	for (int i = 0; i < BUSY_THREADS; i++)
		threads[i] = start_thread_or_abort(use_library_until_stopped, NULL);
	for (int i = 0; i < FORKS; i++)
		abort_unless(!fork_and_wait(use_library));
	must_stop = true;
	for (int i = 0; i < BUSY_THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- the tasks of the parent's threads ---- */

#ifndef SYNC_TSAN /* ThreadSanitizer starts no thread in a child of a process that has threads */
#define MAPPED_THREADS 2
static sem_t is_mapped;
static unsigned char *removed_addr, *kept_addr;

static void *map_and_wait_for_ever(void *unused)
{
	struct page *page = alloc_zeroed_page();

	page_map_local(page);
	page_map_local(page);
	sem_post(&is_mapped);
	for (;;)
		pause();
	return unused;
}

static void *map_by_own_task(void *page)
{
	page_unmap_local(page_map_local(page));
	return NULL;
}

/*
 * A thread of the child may get the memory of a thread of the parent. Then the list of tasks must have no
 * task in this memory. A search of the whole list ends with a report.
 */
static void start_thread_and_search_tasks(void)
{
	run_thread_and_wait(map_by_own_task, alloc_zeroed_page());
	use_library();
	page_unmap_local(removed_addr);
}

static unsigned int released_set_count;

static void require_released_set_to_be_empty(struct alias_set *set)
{
	if (set->is_in_use)
		return;
	released_set_count++;
	abort_unless(!set->live_places && !set->live_count && !set->used_places);
}

/* The child may use the sets of the other threads' tasks, which had two mappings each, and has its own
 * mapping. */
static void require_empty_sets_of_other_threads(void)
{
	alias_for_each_set_unlocked(require_released_set_to_be_empty);
	abort_unless(released_set_count == (backend_is("alias") ? MAPPED_THREADS : 0));
	abort_unless(*kept_addr == 7);
	page_unmap_local(kept_addr);
}

static void fork_beside_mapped_threads(void)
{
	struct page *page = alloc_zeroed_page();
	int wait_status;

	removed_addr = page_map_local(page);
	page_unmap_local(removed_addr);
	for (int i = 0; i < MAPPED_THREADS; i++) {
		start_thread_or_abort(map_and_wait_for_ever, NULL);
		while (sem_wait(&is_mapped))
			;
	}
	kept_addr = page_map_local(alloc_zeroed_page());
	*kept_addr = 7;
	abort_unless(!fork_and_wait(require_empty_sets_of_other_threads));
	wait_status = fork_and_wait(start_thread_and_search_tasks);
	abort_unless(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGABRT);
	use_library();
}
#endif

static const struct child_case cases[] = {
	/* [P19] [P16] [P78] */
	{ fork_before_first_page, RETURNS, "a child can create the arena" },
	{ fork_while_arena_is_locked, RETURNS, "a child can allocate, also if another thread allocates" },
	{ fork_while_free_lists_are_locked, RETURNS, "a child can allocate, also if another thread frees" },
	{ fork_while_tasks_are_locked, RETURNS, "a child can create tasks, also if another thread does" },
	{ fork_while_sets_are_locked, RETURNS,
	  "a child can map, also if another thread's task maps at first" },
	{ fork_while_set_has_places_without_page, RETURNS,
	  "a child can use the library, also if another thread changes its set" },
	{ fork_and_count_descriptors, RETURNS, "fork() leaves no file open, in the parent and in the child" },
	{ fork_beside_busy_threads, RETURNS, "a child can use the library, also beside threads that use it" },
#ifndef SYNC_TSAN
	/* [P20] */
	{ fork_beside_mapped_threads, RETURNS, "a child has no task of a thread of its parent" },
#endif
};

UNIT_TEST(test_page_fork)
{
	sem_init(&is_locked, 0, 0);
#ifndef SYNC_TSAN
	sem_init(&is_mapped, 0, 0);
#endif
	for (size_t i = 0; i < MAP_MODES; i++) {
		setenv("PAGE_MAP", map_modes[i].backend, 1);
		if (map_modes[i].revoke)
			setenv("PAGE_MAP_REVOKE", map_modes[i].revoke, 1);
		CHECK_CHILDREN(cases);
	}
}
