/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tasks and their mappings.
 *
 * Guarantees (R3, R5, R6):
 *
 *   1. Only the thread that runs a task writes the state of the task. To map and to unmap a page takes no
 *      lock, and writes no memory that another task writes.
 *   2. ThreadSanitizer observes no access to a task. So accesses to a stack of mappings neither race nor
 *      order threads, also if several tasks (fibers) share one OS thread.
 *   3. The mappings of a task are a stack. Only the newest mapping may be unmapped. A report of misuse says
 *      whether the mapping is the 17th, is an older mapping, belongs to another task or was removed. The
 *      report names both tasks and both call sites.
 *   4. Reports, and backends that search for the mappings of a freed page, read the list of all tasks. The
 *      list has a lock that is hidden from ThreadSanitizer. A reader of the stack of another task may read
 *      old values, but no torn value.
 *
 * Only misuse calls the functions task_bug_freed(), task_bug_overflow() and task_bug_unmap().
 */
#pragma once

#include "page/arena.h"
#include "page/page.h"
#include "page/sync.h"

struct alias_set;

struct mapping {
	void *addr; /* of byte 0 */
	struct page *page;
	uint32_t generation; /* page->generation when the page was mapped */
	const void *site;    /* return address of the call that mapped the page */
};

struct page_task {
	unsigned int depth;        /* number of mappings */
	unsigned int fail_nth;     /* the n-th next failure point fails; 0: off */
	bool make_it_fail;         /* set by page_task_make_it_fail() */
	bool is_of_thread;         /* a thread's own task, which ends with the thread */
	struct alias_set *aliases; /* places of the alias backend; NULL until the first mapping */
	struct page_task *next;    /* the next task in the list of all tasks */
	struct mapping live[PAGE_TASK_MAPPINGS]; /* the mappings, oldest first */
	char name[PAGE_TASK_NAME];
};

/* The task of the last page_task_switch_in() on this thread; NULL: the thread's own task. */
extern _Thread_local struct page_task *task_switched_in __attribute__((tls_model("initial-exec")));

/* The thread's own task; NULL until the thread needs this task. */
extern _Thread_local struct page_task *task_own __attribute__((tls_model("initial-exec")));

extern _Atomic(page_task_current_fn) task_hook;
extern atomic_bool task_has_hook; /* true if task_hook is not NULL */

/* Creates the thread's own task, and adds it to the list of tasks. Return: the task. */
struct page_task *task_create_own(void);

/* Return: the current task; NULL if the calling thread has no task yet. */
static inline NO_SANITIZE_THREAD struct page_task *task_find(void)
{
	page_task_current_fn hook = atomic_load_explicit(&task_hook, memory_order_relaxed);
	struct page_task *task = NULL;

	if (unlikely(hook))
		task = hook();
	if (!task)
		task = task_switched_in;
	return task ? task : task_own;
}

static inline struct page_task *task_get_or_create_current(void)
{
	struct page_task *task = task_find();

	return likely(task) ? task : task_create_own();
}

/*
 * True if the current task may have fewer than two free mappings. The flag is a thread-local variable, so
 * that a raw call reads only memory of its own thread. The flag may also be true if the task has more free
 * mappings; task_depth_and_update_flag() corrects the flag.
 */
extern _Thread_local bool task_may_be_nearly_full __attribute__((tls_model("initial-exec")));

static inline NO_SANITIZE_THREAD bool task_may_be_full(void)
{
	return task_may_be_nearly_full | atomic_load_explicit(&task_has_hook, memory_order_relaxed);
}

/* Corrects task_may_be_nearly_full. Return: the number of mappings of the current task. */
unsigned int task_depth_and_update_flag(void);

/* ---- the stack ---- */

static inline NO_SANITIZE_THREAD bool task_has_room(const struct page_task *task)
{
	return task->depth < PAGE_TASK_MAPPINGS;
}

static inline NO_SANITIZE_THREAD void task_push(struct page_task *task, void *addr, struct page *page,
						const void *site)
{
	task->live[task->depth] = (struct mapping){ addr, page, page->generation, site };
	if (unlikely(++task->depth >= PAGE_TASK_MAPPINGS - 1))
		task_may_be_nearly_full = true;
}

/* Removes the newest mapping if it contains @addr. Return: the address of byte 0 of the mapping, or NULL. */
static inline NO_SANITIZE_THREAD void *task_pop(struct page_task *task, const void *addr)
{
	void *newest;

	if (unlikely(!task->depth))
		return NULL;
	newest = task->live[task->depth - 1].addr;
	if (unlikely((uintptr_t)addr - (uintptr_t)newest >= PAGE_SIZE))
		return NULL;
	task->depth--;
	return newest;
}

/* Return: true if the page of @mapping was not freed since the page was mapped. */
bool mapping_page_is_live(const struct mapping *mapping);

/* Calls @fn for each mapping of @page, of all tasks. */
void task_for_each_mapping(const struct page *page, void (*fn)(void *addr));

/* Takes and releases the lock of the list of tasks. The caller is in a hidden section. */
void task_list_lock(void);
void task_list_unlock(void);

/* In a child of fork(): removes the own tasks of the threads that exist only in the parent. */
void task_delete_those_of_other_threads(void);

/*
 * Calls @fn for each task, without the lock of the list of tasks: only for a child of fork(), which has one
 * thread. The caller is in a hidden section (sync.h).
 */
void task_for_each_unlocked(void (*fn)(struct page_task *task));

/* ---- reports ---- */

/* A call of a public function: the name of the function, and the return address. */
struct call_site {
	const char *name;
	const void *from;
};

/* The call site of the public function that uses this macro, directly or in an inlined function. */
#define CALL_SITE(name) ((struct call_site){ (name), __builtin_return_address(0) })

_Noreturn void task_bug_freed(const struct page *page, struct call_site site);
_Noreturn void task_bug_overflow(const struct page *page, struct call_site site);

/* Reports the rule that an unmap of @addr breaks: @addr is not in the newest mapping of the current task. */
_Noreturn void task_bug_unmap(const void *addr, struct call_site site);
